import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The tools as `npm run` starts them: files in a process of their own. */

const TOOLS = ['purge', 'archive', 'secret', 'smoke', 'deploy'];
const COLUMNS = 80;

async function run(tool: string, ...argv: string[]): Promise<{ code: unknown; out: string; err: string }> {
  const file = fileURLToPath(new URL(`../../../infra/cli/${tool}/${tool}.ts`, import.meta.url));
  const child = spawn(process.execPath, [file, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
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
