import { mkdir, mkdtemp, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { areNewer } from '../../../infra/local/fresh-build.ts';

let folder: string;
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fresh-'));
  await mkdir(at('lib/deep'), { recursive: true });
  await file('lib/deep/a.ts', 100);
  await file('lib/b.ts', 100);
  await file('bundle', 200);
  await touchFolders(100);
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, seconds: number): Promise<void> {
  await writeFile(at(name), '');
  await utimes(at(name), seconds, seconds);
}

async function touchFolders(seconds: number): Promise<void> {
  for (const name of ['lib', 'lib/deep']) await utimes(at(name), seconds, seconds);
}

const isFresh = (...more: string[]) => areNewer([at('bundle'), ...more], [at('lib')]);

test('bundles that are newer than all their sources are fresh', async () => {
  expect(await isFresh()).toBe(true);
});

test('a bundle that is missing is not', async () => {
  expect(await isFresh(at('another'))).toBe(false);
});

test('nor are they after a change deep below', async () => {
  await file('lib/deep/a.ts', 300);
  await touchFolders(100);
  expect(await isFresh()).toBe(false);
});

test('nor after a source was removed', async () => {
  await unlink(at('lib/b.ts'));
  expect(await isFresh()).toBe(false);
});
