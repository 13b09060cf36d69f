import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundles, bundlesDirectory } from '../build.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** What goes into the bundles, and what says how they are made. */
const SOURCES = ['functions', 'lib', 'infra/build.ts', 'infra/trim.ts', 'package-lock.json'];

/** Builds the bundles unless they are newer than everything they are made of; says whether it did. */
export async function buildWhenNeeded(): Promise<boolean> {
  const functions = (await readdir(join(root, 'functions'))).filter((file) => file.endsWith('.ts'));
  const bundles = functions.map((file) => join(bundlesDirectory, file.slice(0, -'.ts'.length), 'index.mjs'));
  const sources = SOURCES.map((source) => join(root, source));
  if (await areNewer(bundles, sources)) return false;
  await buildBundles();
  return true;
}

/** Whether every file of `made` is there and newer than everything in `sources`, files or folders. */
export async function areNewer(made: string[], sources: string[]): Promise<boolean> {
  const madeMs = await Promise.all(made.map(changedMs));
  const sourcesMs = await Promise.all(sources.map(newestMs));
  return Math.min(...madeMs) > Math.max(...sourcesMs);
}

/** Returns 0 for a missing file. */
async function changedMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

/** The folder's own time counts too: it moves when a file in it is renamed or removed. */
async function newestMs(path: string): Promise<number> {
  const isFolder = (await stat(path)).isDirectory();
  const below = isFolder ? await readdir(path, { recursive: true }) : [];
  return Math.max(...(await Promise.all(['.', ...below].map((name) => changedMs(join(path, name))))));
}
