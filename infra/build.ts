import { readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { trim } from './trim.ts';

/**
 * The one bundling path: each `functions/<name>.ts` becomes `.build/functions/<name>/index.mjs`. CDK ships
 * these folders and `npm start` runs these files.
 *
 * What was tried to make a cold start of `trigger` short, in CPU time from process to first answer on a loaded
 * 2-core machine under AWS's runtime client, where an empty handler took 34 ms, this 117 ms and Twilio's SDK
 * 224 ms (test/bench/cold.ts measures it again):
 * - Node's modules without their ES facade: 25 ms. The SDK's credential chain and undici's web half left out: some
 *   35 ms. Event streams, ~/.aws, node:assert, node:zlib and web streams: 10 ms together (18 in a bare process,
 *   where the figures of trim.ts are from; the runtime client has loaded some of it anyway).
 * - The SDK's settings given outright instead of looked up (lib/aws/clients.ts): 2 ms.
 * - The secret asked for before the rest is evaluated (lib/aws/early-secret.ts): no CPU, but its round trip.
 * - Parsing what is left costs 14 ms of 430 KB, Node's TLS and crypto 11 ms, undici 6 ms, the first call of
 *   Secrets Manager 20 ms, of DynamoDB 10 ms, the handshake with Studio 6 ms.
 * Left: a V8 compile cache in the bundle saves 9 ms, but only under the very Node and processor that wrote it, and
 * Lambda changes its Node without asking. V8's flags (semi-space, lazy compilation, no optimiser) save nothing, or
 * cost 12 ms, since Node's own code cache is made for the default ones; NODE_OPTIONS refuses most of them.
 * `node:https` instead of undici would save some 10 ms; lib/studio/transport.ts says why it is not.
 * Memory: Lambda gives one processor for 1,769 MB, so 117 ms are that there, 200 ms with 1,024 MB and 400 ms with
 * 512 MB (arithmetic, not measured): hence 1,024 MB by default (`memoryMb`).
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
