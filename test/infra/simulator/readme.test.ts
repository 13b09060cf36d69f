import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

/** The samples of the simulator's README, as they stand, against the simulator that the first one starts. */

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readme = readFileSync(new URL('../../../infra/simulator/README.md', import.meta.url), 'utf8');

/** The blocks of this language, in their order. */
function blocks(language: string): string[] {
  const fenced = readme.split('```').filter((_, index) => index % 2 === 1);
  return fenced
    .filter((block) => block.startsWith(`${language}\n`))
    .map((block) => block.slice(language.length));
}

const [start = '', list = '', seed = '', misbehave = '', administer = '', ...others] = blocks('sh');

/** Starts the simulator as the README says, and returns where it is. */
async function startSimulator(): Promise<string> {
  let output = '';
  // In a group of its own, as in a terminal, where Ctrl-C reaches npm and the simulator.
  const child = spawn('sh', ['-c', start.replace('--port 4010', '--port 0')], { cwd: root, detached: true });
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  onTestFinished(async () => {
    const closed = once(child, 'close');
    if (child.pid) process.kill(-child.pid, 'SIGINT');
    await closed;
  });
  await expect.poll(() => output, { timeout: 20_000 }).toContain('administration');
  return /Studio: (\S+)/.exec(output)?.[1] ?? '';
}

async function run(file: string, args: string[], input = ''): Promise<string> {
  const child = spawn(file, args, { cwd: root });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  child.stdin.end(input);
  expect(await once(child, 'close'), output).toEqual([0, null]);
  return output;
}

/** The answers to the requests of one block, each of which must succeed. */
async function answersOf(url: string, block: string): Promise<unknown[]> {
  const quiet = block.replaceAll('curl ', "curl -sf -w '\\n' ").replaceAll('http://127.0.0.1:4010', url);
  const output = await run('sh', ['-e', '-c', quiet]);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('each command does what the README says', async () => {
  const url = await startSimulator();
  expect(await answersOf(url, list)).toMatchObject([
    { executions: [{ status: 'active' }, { status: 'active' }] },
  ]);
  expect(await answersOf(url, seed)).toMatchObject([{ active: 250, ended: 750 }]);
  expect(await answersOf(url, misbehave)).toMatchObject([
    { latencyMs: 30, maxInFlight: 10 },
    { latencyMs: 30, faults: [{ kind: 'error', status: 503, every: 3 }] },
    { latencyMs: 30, faults: [] },
  ]);
  expect(await answersOf(url, administer)).toMatchObject([
    { counts: { executions: { active: 300, ended: 1_200 }, requests: 1 } },
    [{ operation: 'ListExecution' }],
    { executions: { active: 0, ended: 0, deleted: 0 }, requests: 0 },
  ]);
  expect(others).toEqual([]);
});

test('the program runs and prints what its comments say', async () => {
  const [program = '', ...more] = blocks('ts');
  expect(more).toEqual([]);
  const output = await run(process.execPath, ['--input-type=module'], program);
  const [flow, executions, ...lines] = output.trim().split('\n');
  expect([flow, executions, lines.at(-1)]).toEqual(['200', '503', '50']);
  expect(output).toContain("{ operation: 'ListExecution', status: 503, fault: 'error' }");
});
