import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { onLoopback } from '../../support/loopback.ts';

const script = fileURLToPath(new URL('../../../infra/simulator/start.ts', import.meta.url));

function run(...flags: string[]) {
  const child = spawn(process.execPath, [script, ...flags]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  return { child, output: () => output };
}

test('it starts alone with executions, says where it is and how to call it, and stops on Ctrl-C', async () => {
  const { child, output } = run('--port', '0', '--executions', '20');
  const exited = once(child, 'exit');
  try {
    await expect.poll(output, { timeout: 10_000 }).toContain('administration');
    const state = await fetch(/http:\S+\/__simulator\/state/.exec(output())?.[0] ?? '');
    expect(await state.json()).toMatchObject({ counts: { executions: { active: 2, ended: 18 } } });

    const [, url] = /Studio: (\S+)/.exec(output()) ?? [];
    const [, key] = /API key +(\S+)/.exec(output()) ?? [];
    const [, flow] = /flow +(\S+)/.exec(output()) ?? [];
    const authorization = `Basic ${Buffer.from(`${key}:local`).toString('base64')}`;
    expect((await fetch(`${url}/v2/Flows/${flow}/Executions`, { headers: { authorization } })).status).toBe(
      200,
    );
  } finally {
    child.kill('SIGINT');
  }
  expect(await exited).toEqual([0, null]);
});

test('it ends with npm: a signal to npm reaches only the shell between them', async () => {
  const child = spawn('sh', ['-c', `"${process.execPath}" "${script}" --port 0; :`], {
    env: { ...process.env, npm_lifecycle_event: 'npx' },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  await expect.poll(() => output, { timeout: 10_000 }).toContain('administration');
  const [, url = ''] = /Studio: (\S+)/.exec(output) ?? [];

  child.kill('SIGTERM');

  const state = () =>
    fetch(url).then(
      () => 'up',
      () => 'gone',
    );
  await expect.poll(state, { timeout: 10_000 }).toBe('gone');
});

test.each([
  ['--port', '-1'],
  ['--port', '65536'],
  ['--colour', 'red'],
  ['--executions', 'many'],
])('a wrong flag is told in one line, and ends with 2: %s %s', async (...flags) => {
  const { child, output } = run('--port', '0', ...flags);
  expect(await once(child, 'close')).toEqual([2, null]);
  expect(output()).toMatch(/^error: .*\n$/);
  expect(output()).toContain(flags[0]);
});

test('it says in one line that the port is in use, and ends with 1', async () => {
  const blocker = createServer();
  const { port } = await onLoopback(blocker);
  const { child, output } = run('--port', String(port));
  expect(await once(child, 'close')).toEqual([1, null]);
  blocker.close();
  expect(output()).toBe(`Port ${port} is in use. Choose another with --port, or 0 for a free one.\n`);
});
