import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

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
  ['--colour', 'red'],
  ['--executions', 'many'],
])('a wrong flag is told in one line: %s %s', async (...flags) => {
  const { child, output } = run('--port', '0', ...flags);
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(output()).not.toContain('    at ');
});
