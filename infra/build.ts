import { readdir, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { trim, UNDICI } from './trim.ts';

/**
 * The one bundling path: each `functions/<name>.ts` becomes `.build/functions/<name>/index.mjs`, with undici
 * beside it. CDK ships these folders and `npm start` runs these files. docs/decisions/0017 tells what a cold
 * start costs.
 */
const root = new URL('..', import.meta.url);
export const bundlesDirectory = fileURLToPath(new URL('.build/functions/', root));

/** CommonJS code in an ESM bundle needs `require`, which ESM does not have. */
export const requireBanner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** Bundles each of `functions/*.ts` and returns their names. */
export async function buildBundles(): Promise<string[]> {
  const functionsDirectory = fileURLToPath(new URL('functions/', root));
  const names = (await readdir(functionsDirectory))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'));
  await bundle(
    names.map((name) => ({ in: `${functionsDirectory}${name}.ts`, out: `${name}/index` })),
    bundlesDirectory,
  );
  // Bundles are overwritten in place, since a local run may read them. Those of removed functions are
  // deleted.
  for (const folder of await readdir(bundlesDirectory))
    if (!names.includes(folder)) await rm(`${bundlesDirectory}${folder}`, { recursive: true });
  return names;
}

/** Writes `<outdir>/<out>.mjs` for each entry point, and undici beside them. Returns esbuild's result. */
export async function bundle(entryPoints: { in: string; out: string }[], outdir: string) {
  const folders = new Set(entryPoints.map(({ out }) => dirname(out)));
  const beside = [...folders].map((folder) => ({ in: UNDICI, out: `${folder}/${UNDICI}` }));
  return esbuild({
    entryPoints: [...entryPoints, ...beside],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    sourcemap: 'linked',
    sourcesContent: false,
    // Without `module` first, esbuild takes the SDK's CommonJS builds, which fail at init inside ESM.
    mainFields: ['module', 'main'],
    plugins: [trim],
    define: {
      // Leaves out undici's experimental parser, as Node's own build of it does.
      esbuildDetection: 'true',
      // The SDK tests each body against this class, for which Node would load its web streams: 2 ms.
      ReadableStream: 'undefined',
    },
    banner: { js: requireBanner },
    logLevel: 'warning',
    metafile: true,
  });
}

if (import.meta.main) {
  console.log(`built ${(await buildBundles()).join(', ')} in .build/functions`);
}
