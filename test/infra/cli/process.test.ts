import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The program as `npm run` starts it: a process of its own. */

const TOOLS = ['purge', 'archive', 'secret', 'smoke', 'deploy'];
const MAIN = fileURLToPath(new URL('../../../infra/cli/main.ts', import.meta.url));
const COLUMNS = 80;

async function run(...argv: string[]): Promise<{ code: unknown; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    text.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text.err += chunk;
  });
  const [code]: unknown[] = await once(child, 'close');
  return { code, ...text };
}

describe.each(TOOLS)('npm run %s', (tool) => {
  it('explains itself within 80 columns', async () => {
    const { code, out, err } = await run(tool, '--help');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`npm run ${tool === 'archive' ? '--silent archive' : tool}`);
    expect(out.split('\n').filter((line) => line.length > COLUMNS)).toEqual([]);
  });

  it('refuses what it does not know with exit code 2', async () => {
    const { code, out, err } = await run(tool, '--no-such-option');
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('--no-such-option is not known');
    expect(err).toContain(`npm run ${tool} -- --help`);
  });
});

describe('studio-executions', () => {
  it('lists its commands', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    for (const tool of TOOLS) expect(out).toMatch(new RegExp(`^  ${tool} `, 'm'));
  });

  it('refuses a command that it does not have with exit code 2', async () => {
    const { code, out, err } = await run('constructor');
    expect([code, out]).toEqual([2, '']);
    expect(err).toBe('  constructor is no command: deploy, secret, smoke, purge, archive\n');
  });
});
