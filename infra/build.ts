import { readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { trim } from './trim.ts';

/**
 * The one bundling path: each `functions/<name>.ts` becomes `.build/functions/<name>/index.mjs`. CDK ships
 * these folders and `npm start` runs these files.
 */
const root = new URL('..', import.meta.url);
export const bundlesDirectory = fileURLToPath(new URL('.build/functions/', root));

const environmentCredentials = fileURLToPath(new URL('infra/environment-credentials.ts', root));

/** CommonJS inside an ESM bundle asks for `require`, which ESM does not have. */
const requireBanner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** Bundles each of `functions/*.ts` and tells their names. */
export async function buildBundles(): Promise<string[]> {
  const functionsDirectory = fileURLToPath(new URL('functions/', root));
  const names = (await readdir(functionsDirectory))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length));
  await bundle(
    names.map((name) => ({ in: `${functionsDirectory}${name}.ts`, out: `${name}/index` })),
    bundlesDirectory,
  );
  // What was a function once must not ship. Bundles are overwritten in place: a local run may be reading them.
  for (const folder of await readdir(bundlesDirectory))
    if (!names.includes(folder)) await rm(`${bundlesDirectory}${folder}`, { recursive: true });
  return names;
}

/** Writes `<outdir>/<out>.mjs` for each entry point, as everything that ships is written. */
export async function bundle(entryPoints: { in: string; out: string }[], outdir: string): Promise<void> {
  await esbuild({
    entryPoints,
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    // Without `module` first, the SDK's CommonJS builds are taken, which die at init inside ESM.
    mainFields: ['module', 'main'],
    plugins: [trim],
    alias: { '@aws-sdk/credential-provider-node': environmentCredentials },
    define: {
      // How Node's own build of undici is told to leave its experimental parser out.
      esbuildDetection: 'true',
      // The SDK asks of each body whether it is one: Node would load its web streams to answer, 2 ms.
      ReadableStream: 'undefined',
    },
    banner: { js: requireBanner },
    logLevel: 'warning',
  });
}

if (import.meta.main) {
  const names = await buildBundles();
  console.log(`built ${names.join(', ')} in .build/functions`);
}
