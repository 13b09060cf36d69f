import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { markModules, withEagerModules } from './eager.ts';
import { trim, UNDICI } from './trim.ts';

/**
 * The one bundling path: each `functions/<name>.ts` becomes `.build/functions/<name>/index.mjs`. CDK ships
 * these folders and `npm start` runs these files.
 *
 * What was tried to make a cold start of `trigger` short, in CPU time from process to first answer under AWS's
 * runtime client, each against the same without it, taking turns (test/bench/cold.ts measures the whole again):
 * - Node's modules without their ES facade: 25 ms. The SDK's credential chain and undici's web half left out: some
 *   35 ms. Event streams, ~/.aws, node:assert, node:zlib and web streams: 10 ms together (18 in a bare process,
 *   where the figures of trim.ts are from; the runtime client has loaded some of it anyway).
 * - The SDK's settings given outright instead of looked up (lib/aws/clients.ts): 2 ms.
 * - The secret asked for before the rest is evaluated (lib/aws/early-secret.ts): no CPU, but its round trip.
 * - Names of Node's modules not copied, undici's modules compiled at once (eager.ts), undici's tree of headers and
 *   what the SDK writes out for a log that nobody keeps left out, its adaptive retries and the like stubbed:
 *   7 ms together, 5 % of the whole.
 * What is left, of 113 ms where an empty handler takes 33: parsing 14 (350 KB of code; the 70 KB of WebAssembly in a
 * string cost nothing), Node's TLS and crypto 11, undici 8, the first call of Secrets Manager 18, two of DynamoDB 9,
 * the handshake with Studio 6.
 * Tried, and left:
 * - No AWS SDK, but requests signed by hand: 30 ms less, 2.6 times an empty handler, which would be below the 3
 *   that are wanted. Retries, clocks, partitions and whatever AWS changes would be ours, for a secret and a table.
 * - The SDK's calls through undici as well, to be rid of Node's client: 10 ms more, since Node's comes compiled.
 * - A V8 compile cache in the bundle saves 9 ms, but only under the very Node and processor that wrote it, and
 *   Lambda changes its Node without asking. V8's flags (semi-space, lazy compilation, no optimiser) save nothing, or
 *   cost 12 ms, since Node's own code cache is made for the default ones; NODE_OPTIONS refuses most of them.
 * - Parentheses around everything that a first run calls (477 functions): 3 ms more than around undici's modules,
 *   but then the build has to run the function, and to know its own output.
 * - Chunks for what a first trigger does not need (conflicts, signatures, lists): 25 KB, less than 1 ms.
 * - Web crypto, which the SDK loads to draw a random id: nothing; it is in Node's snapshot. One TLS context for all
 *   connections instead of one each: 0.4 ms, where AWS is spoken to over TLS too; the first, with the roots, costs 4.
 * Memory: Lambda gives one processor for 1,769 MB and a share of it below. With that share of every 20 ms
 * (`npm run bench -- cold --memory`), from process to answer: 0.15 s with 1,769 MB, 0.24 with 1,024, 0.31 with 768,
 * 0.50 with 512, 1.06 with 256; an empty handler 0.05, 0.08, 0.09, 0.13, 0.29. The price is the same from 512 MB up,
 * hence 1,024 MB by default (`memoryMb`).
 */
const root = new URL('..', import.meta.url);
export const bundlesDirectory = fileURLToPath(new URL('.build/functions/', root));

const environmentCredentials = fileURLToPath(new URL('infra/environment-credentials.ts', root));

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

/** Writes `<outdir>/<out>.mjs` for each entry point, and undici beside it, as everything that ships is written. */
export async function bundle(entryPoints: { in: string; out: string }[], outdir: string): Promise<void> {
  const { outputFiles } = await esbuild({
    entryPoints: [
      ...entryPoints,
      ...entryPoints.map(({ out }) => ({ in: UNDICI, out: `${dirname(out)}/${UNDICI}` })),
    ],
    outdir,
    write: false,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    sourcemap: 'linked',
    sourcesContent: false,
    // Only those that eager.ts puts in: the others are taken out there.
    legalComments: 'inline',
    // Without `module` first, the SDK's CommonJS builds are taken, which die at init inside ESM.
    mainFields: ['module', 'main'],
    plugins: [trim, markModules],
    alias: { '@aws-sdk/credential-provider-node': environmentCredentials },
    define: {
      // How Node's own build of undici is told to leave its experimental parser out.
      esbuildDetection: 'true',
      // The SDK asks of each body whether it is one: Node would load its web streams to answer, 2 ms.
      ReadableStream: 'undefined',
    },
    logLevel: 'warning',
  });
  for (const file of outputFiles) {
    await mkdir(dirname(file.path), { recursive: true });
    await writeFile(file.path, file.path.endsWith('.mjs') ? withEagerModules(file) : file.contents);
  }
}

if (import.meta.main) {
  const names = await buildBundles();
  console.log(`built ${names.join(', ')} in .build/functions`);
}
