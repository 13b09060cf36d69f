import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

type Manifest = { scripts: Record<string, string>; allowScripts: Record<string, boolean> };
type Locked = {
  version: string;
  integrity?: string;
  resolved?: string;
  hasInstallScript?: true;
  inBundle?: true;
  bin?: Record<string, string>;
  os?: string;
  cpu?: string;
  optionalDependencies?: Record<string, string>;
};

const read = (file: string) => JSON.parse(readFileSync(`${root}${file}`, 'utf8'));
const { scripts, allowScripts }: Manifest = read('package.json');
const lock: { packages: Record<string, Locked> } = read('package-lock.json');
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
const failing = (isWrong: (entry: Locked, name: string) => boolean) =>
  locked.filter(([path, entry]) => isWrong(entry, nameOf(path))).map(([path]) => path);

describe('what npm ci installs', () => {
  it('runs no install script', () => {
    // Older npm knows this setting only.
    expect(readFileSync(`${root}.npmrc`, 'utf8').split('\n')).toContain('ignore-scripts=true');
    expect(Object.entries(allowScripts).filter(([, isAllowed]) => isAllowed)).toEqual([]);
    // One that is not named is skipped as well, with a warning that the next reader has to look into.
    expect(failing((entry, name) => entry.hasInstallScript === true && !(name in allowScripts))).toEqual([]);
  });

  it('has an integrity in the lock file, or is part of a package that has one', () => {
    expect(failing((entry) => !entry.integrity?.startsWith('sha512-') && !entry.inBundle)).toEqual([]);
  });

  it('comes from the registry that the machine is set up for', () => {
    expect(failing((entry) => entry.resolved !== undefined)).toEqual([]);
  });

  it('is locked for other platforms, too', () => {
    const names = new Set(locked.map(([path]) => nameOf(path)));
    const optional = Object.values(lock.packages).flatMap((entry) =>
      Object.keys(entry.optionalDependencies ?? {}),
    );
    expect(optional.filter((name) => !names.has(name))).toEqual([]);
  });

  it('brings Node for each platform that has a package of it', () => {
    const nodes = locked.filter(([, { bin }]) => bin?.['node'] !== undefined);
    expect(nodes.map(([, { os, cpu }]) => `${os} ${cpu}`).sort()).toEqual([
      'darwin arm64',
      'darwin x64',
      'linux arm64',
      'linux x64',
      'win32 x64',
    ]);
    for (const [, { version }] of nodes) expect(Number.parseInt(version, 10)).toBeGreaterThanOrEqual(24);
  });
});

describe('on a platform without a Node package', () => {
  const runAs = (version: string) =>
    new Promise<{ code: number; stderr: string }>((resolve) => {
      const versions = JSON.stringify({ node: version });
      const code = `Object.defineProperty(process, 'versions', { value: ${versions} }); require('./infra/node-version.cjs')`;
      execFile(process.execPath, ['-e', code], { cwd: root }, (error, _stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stderr }),
      );
    });

  it.each(['20.20.2', '22.22.0', '24.0.0', '24.1.0'])('Node %s is named as too old', async (version) => {
    const { code, stderr } = await runAs(version);
    expect(code).toBe(1);
    expect(stderr).toContain(`runs on Node ${version}`);
    expect(stderr).toContain('Node 24.2 or newer');
  });

  it.each(['24.2.0', '24.22.3', '26.0.0'])('Node %s serves', async (version) => {
    expect(await runAs(version)).toEqual({ code: 0, stderr: '' });
  });

  it('is looked for before every script of ours', () => {
    const ours = Object.entries(scripts).filter(([, command]) => /\.(ts|mjs)\b/.test(command));
    expect(ours.length).toBeGreaterThan(0);
    for (const [name, command] of ours)
      expect(command, name).toMatch(/^node -r \.\/infra\/node-version\.cjs \S+\.(ts|mjs)\b/);
  });
});
