import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundles, bundlesDirectory } from '../build.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** What goes into the bundles, and what says how they are made. */
const SOURCES = ['functions', 'lib', 'infra/build.ts', 'infra/trim.ts', 'package-lock.json'];

/** Builds the bundles unless they are newer than everything they are made of; says whether it did. */
export async function buildWhenNeeded(): Promise<boolean> {
  const [newestSource, oldestBundle] = await Promise.all([newestChange(), oldestBundleTime()]);
  if (oldestBundle > newestSource) return false;
  await buildBundles();
  return true;
}

async function newestChange(): Promise<number> {
  const times = await Promise.all(SOURCES.map((source) => newestIn(join(root, source))));
  return Math.max(...times);
}

async function newestIn(path: string): Promise<number> {
  const entry = await stat(path);
  if (!entry.isDirectory()) return entry.mtimeMs;
  const names = await readdir(path);
  // The folder's own time moves when a file in it is renamed or removed.
  return Math.max(entry.mtimeMs, ...(await Promise.all(names.map((name) => newestIn(join(path, name))))));
}

/** 0 when one is missing. */
async function oldestBundleTime(): Promise<number> {
  const files = await readdir(join(root, 'functions'));
  const names = files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length));
  const times = await Promise.all(
    names.map((name) =>
      stat(join(bundlesDirectory, name, 'index.mjs')).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.min(...times);
}
