import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../../infra/build.ts';

/** Fixture handlers of this folder as bundles of their own, written as everything that ships is. */
export async function bundleFixtures(
  names: string[],
): Promise<{ path(name: string): string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'bundles-'));
  await bundle(
    names.map((name) => ({
      in: fileURLToPath(new URL(`./${name}.ts`, import.meta.url)),
      out: `${name}/index`,
    })),
    directory,
  );
  return {
    path: (name) => join(directory, name, 'index.mjs'),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
