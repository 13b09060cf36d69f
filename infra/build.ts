import { readdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { trim, UNDICI } from './trim.ts';

/**
 * The one bundling path: each `functions/<name>.ts` becomes `.build/functions/<name>/index.mjs`, with undici beside
 * it. CDK ships these folders and `npm start` runs these files.
 *
 * What was tried to make a cold start of `trigger` short, in CPU time from process to first answer under AWS's
 * runtime client, each against the same without it, taking turns (test/bench/cold.ts measures the whole again):
 * - Node's modules without their ES facade: 25 ms. The SDK's credential chain and undici's web half left out: some
 *   35 ms. Event streams, ~/.aws, node:assert, node:zlib and web streams: 10 ms together (18 in a bare process,
 *   where the figures of trim.ts are from; the runtime client has loaded some of it anyway).
 * - A create sent by Node's client, which the SDK has loaded, and undici in a file that it does not read: 9 ms. In
 *   the same file, but not evaluated: 6. By the bundler's splitting: 9 as well, in nine files.
 * - The SDK's settings given outright instead of looked up (lib/aws/clients.ts): 2 ms. The secret asked for before
 *   the rest is evaluated (lib/aws/early-secret.ts): no CPU, but its round trip.
 * - Names of Node's modules not copied, and of the SDK what it writes out for a log that nobody keeps, its adaptive
 *   retries and the like left out: 4 ms. Its classes of errors: 2 ms. Its look at streams of files: 1 ms.
 * What is left is 2.8 times an empty handler, 94 ms where that takes 33: parsing 10 (237 KB of code), Node's TLS and
 * crypto 11, the first call of Secrets Manager 18, two of DynamoDB 9, the handshake with Studio 6, garbage 4.
 * Tried, and left:
 * - No AWS SDK, but requests signed by hand: 30 ms less. Retries, clocks, partitions and whatever AWS changes would be
 *   ours, for a secret and a table. One request handler for both of its clients: nothing.
 * - The SDK's calls through undici as well, to be rid of Node's client: 10 ms more, since Node's comes compiled.
 * - A V8 compile cache in the bundle saves 9 ms, but only under the very Node and processor that wrote it, and
 *   Lambda changes its Node without asking. V8's flags: 16 MB to begin with for what is young save 4 ms, but
 *   NODE_OPTIONS refuses that one, as most; the others (lazy compilation, no optimiser, collecting on one thread)
 *   save nothing, or cost 12 ms, since Node's own code cache is made for the default ones.
 * - Parentheses around what is called at once, which V8 then reads once and not twice: 1.6 ms of a list around
 *   undici's modules, 3 of a trigger around the 477 functions that it calls; but the build would edit its own output,
 *   or even have to run it. All functions compiled at once: 2 ms more.
 * - Chunks for what a first trigger does not need (conflicts, signatures, lists): 25 KB, less than 1 ms.
 * - Web crypto, which the SDK loads to draw a random id: nothing; it is in Node's snapshot. One TLS context for all
 *   connections instead of one each: 0.4 ms, where AWS is spoken to over TLS too; the first, with the roots, costs 4.
 * Memory: Lambda gives one processor for 1,769 MB and a share of it below. With that share of every 20 ms
 * (`npm run bench -- cold --memory`), from process to answer: 0.11 s with 1,769 MB, 0.18 with 1,024, 0.24 with 768,
 * 0.39 with 512, 0.84 with 256; an empty handler 0.05, 0.06, 0.08, 0.12, 0.25. The price is much the same from 512 MB
 * up, hence 1,024 MB by default (`memoryMb`).
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

/** Writes `<outdir>/<out>.mjs` for each entry point, and undici beside them, as everything that ships is written. */
export async function bundle(entryPoints: { in: string; out: string }[], outdir: string): Promise<void> {
  const folders = new Set(entryPoints.map(({ out }) => dirname(out)));
  const beside = [...folders].map((folder) => ({ in: UNDICI, out: `${folder}/${UNDICI}` }));
  await esbuild({
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
