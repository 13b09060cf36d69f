import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { bundle } from '../../infra/build.ts';
import { RULES } from '../../infra/trim.ts';
import lock from '../../package-lock.json' with { type: 'json' };

const functions = fileURLToPath(new URL('../../functions/', import.meta.url));
const outdir = mkdtempSync(join(tmpdir(), 'trim-'));
afterAll(() => rmSync(outdir, { recursive: true }));

const entryPoints = readdirSync(functions)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ in: join(functions, file), out: `${file}/index` }));
const { inputs, outputs } = (await bundle(entryPoints, outdir)).metafile;
const packages: Record<string, { version?: string }> = lock.packages;

describe.each(Object.entries(RULES))('the rule %s', (name, { checkedWith, savesMs }) => {
  it('was checked with the version that is installed', () => {
    const at = checkedWith.lastIndexOf('@');
    const installed = packages[`node_modules/${checkedWith.slice(0, at)}`]?.version;
    // When it fails: run `npm run bench -- cold` with and without the rule, and write the new version there.
    expect(installed?.split('.').slice(0, 2).join('.')).toBe(checkedWith.slice(at + 1));
  });

  it('still finds what it replaces', () => {
    expect(Object.keys(inputs).filter((input) => input.startsWith(`${name}:`))).not.toEqual([]);
  });

  it('saves at least 5 ms of a cold start', () => {
    expect(savesMs).toBeGreaterThanOrEqual(5);
  });
});

it('the bundles import nothing but the undici beside them', () => {
  const imports = Object.values(outputs).flatMap((output) => output.imports.map(({ path }) => path));
  expect([...new Set(imports)]).toEqual(['./undici.mjs']);
});

it('what was left out says so when it is called', async () => {
  const contents = RULES['event-streams']?.code('@smithy/core/event-streams') ?? '';
  const { eventStreamSerdeProvider } = await import(`data:text/javascript,${encodeURIComponent(contents)}`);
  expect(eventStreamSerdeProvider).toThrow('@smithy/core/event-streams was left out of the bundle');
});
