import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * `npm run bench -- <name> [options]`: runs test/bench/<name>.ts, which exports `run(argv)`. The peers that a
 * benchmark compares with are installed beside it on first use, so that `npm ci` does not install them.
 */
const here = fileURLToPath(new URL('.', import.meta.url));
const [name, ...argv] = process.argv.slice(2);
const known = readdirSync(here)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

if (name === undefined || !known.includes(name)) {
  console.error(`usage: npm run bench -- <${known.join(' | ')}> [--json]`);
  process.exit(2);
}
if (!existsSync(`${here}node_modules`)) {
  console.error('installing the peers in test/bench …');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts=false'], {
    cwd: here,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
}
const benchmark: { run(argv: string[]): Promise<void> } = await import(`./${name}.ts`);
await benchmark.run(argv);
