import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startSecrets } from '../../../infra/local/aws/secrets-manager.ts';
import { eventually } from '../../support/local/poll.ts';
import { until } from '../../support/local/world.ts';
import { onLoopback } from '../../support/loopback.ts';

/** `npm start` as a user meets it: a process, its output, its end. */

const START = fileURLToPath(new URL('../../../infra/local/start.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const running: ChildProcess[] = [];

/** Each with what it started: a shell's end is not that of the process below it. */
function killAll(): void {
  for (const { pid = 0 } of running.splice(0)) {
    try {
      if (pid > 0) process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

type Run = {
  child: ChildProcess;
  output: () => string;
  /** The exit code, once it has ended. */
  ended: Promise<number | null>;
};

function start(env: Record<string, string>, command: string[] = [process.execPath, START]): Run {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd: ROOT,
    detached: true,
    // None of this process's: a variable of the machine must not decide these tests.
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', NO_COLOR: '1', ...env },
  });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, output: () => output, ended };
}

async function startUp(env: Record<string, string> = {}, command?: string[]): Promise<Run & { url: string }> {
  const run = start(env, command);
  await until(
    async () => run.output(),
    (output) => output.includes('# Watch the purges'),
  );
  const url = /API +(http:\S+)/.exec(run.output())?.[1] ?? '';
  return { ...run, url };
}

/** Lines above 80 columns at the port that people use: that of a test has a digit more. */
function tooLong(output: string): string[] {
  return output
    .replaceAll(/(127\.0\.0\.1):\d+/g, '$1:3000')
    .split('\n')
    .filter((line) => line.length > 80);
}

/** The commands that were printed, as a shell is given them. */
function printedCommands(output: string): string[] {
  return output
    .split('\n\n')
    .map((block) => block.replace(/^#.*\n/, ''))
    .filter((block) => /^(curl|npm run) /.test(block));
}

function runInShell(command: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', command.replace('curl ', 'curl -s -w " %{http_code}" ')]);
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.on('close', (code) => resolve({ code, output }));
  });
}

describe('npm start', () => {
  afterEach(killAll);

  test('prints commands that do what they say, in 80 columns, and ends at SIGTERM', async () => {
    const run = await startUp();
    expect(tooLong(run.output())).toEqual([]);

    const statuses: string[] = [];
    for (const command of printedCommands(run.output())) {
      // Archives are read when they are written.
      if (command.startsWith('npm ')) await eventually(run.output).toMatch(/archived \d+, deleted \d+/);
      const { code, output } = await runInShell(command);
      expect(code).toBe(0);
      if (command.startsWith('npm ')) expect(output).toMatch(/^{"execution":{"sid":"FN/);
      else statuses.push(output.slice(-3));
    }
    expect(statuses).toEqual(['201', '200', '200', '202', '202', '200']);
    await eventually(run.output).toMatch(/purge pu\w+ succeeded \(dry run\): /);
    const lines = run.output().split('\n');
    expect(lines.some((line) => /201 POST +\/flows\/welcome\/executions +\d+ ms$/.test(line))).toBe(true);
    expect(tooLong(run.output())).toEqual([]);

    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(0);
    await expect(fetch(run.url)).rejects.toThrow('fetch failed');
  });

  test('prints nothing that deletes in a real account', async () => {
    const run = await startUp({
      TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`,
      TWILIO_API_KEY: `SK${'1'.repeat(32)}`,
      TWILIO_API_SECRET: 'theirs',
    });
    expect(run.output()).toContain("Twilio's own, with your account");
    expect(run.output()).not.toMatch(/"dryRun":false|fires the purge schedule|theirs/);
  });

  test('ends at Ctrl-C, also while a function is working', async () => {
    const run = await startUp();
    const response = fetch(`${run.url}/health`).catch(() => 'cut');
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    await response;
  });

  test('ends with npm: a signal to npm reaches only the shell between them', async () => {
    const run = await startUp({ npm_lifecycle_event: 'start' }, [
      'sh',
      '-c',
      `"${process.execPath}" "${START}"; :`,
    ]);
    run.child.kill('SIGTERM');
    await eventually(() =>
      fetch(run.url).then(
        () => 'up',
        () => 'gone',
      ),
    ).toBe('gone');
    await eventually(run.output).toContain('stopping');
  });

  test('says in one line that the port is in use, and ends with 1', async () => {
    const blocker = createServer();
    const { port } = await onLoopback(blocker);
    const run = start({ PORT: String(port) });
    expect(await run.ended).toBe(1);
    blocker.close();
    expect(run.output()).toBe(`Port ${port} is in use. Choose another: PORT=${port + 1} npm start\n`);
  });

  test('says what it made behind an endpoint that was given, and ends with 1 where that cannot be used', async () => {
    const secrets = await startSecrets({ secrets: { theirs: '{"password":"hunter2"}' } });
    onTestFinished(() => secrets.close());
    const AWS_ENDPOINT_URL_SECRETS_MANAGER = secrets.url;
    const { output } = await startUp({ AWS_ENDPOINT_URL_SECRETS_MANAGER });
    expect(output()).toContain(`Made the secret studio-executions at ${secrets.url}.`);

    const refused = start({ AWS_ENDPOINT_URL_SECRETS_MANAGER, STUDIO_SECRET_ID: 'theirs' });
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toMatch(/^The secret theirs at http:\S+ holds something else/);
    expect(refused.output()).toMatch(/Name another in STUDIO_SECRET_ID\.\n$/);
  });

  test('names all mistakes of a configuration, and ends with 1', async () => {
    const config = { flows: [{ alias: '1st', sid: 'FW1', from: '+0' }] };
    const run = start({ STUDIO_CONFIG: JSON.stringify(config) });
    expect(await run.ended).toBe(1);
    expect(run.output().trim().split('\n')).toEqual([
      expect.stringContaining('STUDIO_CONFIG #/flows/0/alias must be'),
      expect.stringContaining('STUDIO_CONFIG #/flows/0/sid must be'),
      expect.stringContaining('STUDIO_CONFIG #/flows/0/from must be'),
    ]);
  });
});

describe('a run', () => {
  let run: Awaited<ReturnType<typeof startUp>>;
  beforeAll(async () => {
    run = await startUp();
  });
  afterAll(killAll);

  test('binds loopback only', () => {
    expect(run.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('says where the simulated Studio is told to misbehave', async () => {
    const address = /http:\S+\/__simulator\/behaviour/.exec(run.output())?.[0] ?? '';
    const headers = { authorization: 'Bearer local-admin' };
    const find = () => fetch(`${run.url}/executions?limit=1`, { headers });
    expect((await find()).status).toBe(200);

    const faults = [{ kind: 'error', status: 400, operations: ['ListExecution'] }];
    const tell = (behaviour: object) => fetch(address, { method: 'POST', body: JSON.stringify(behaviour) });
    expect((await tell({ faults })).status).toBe(200);
    expect((await find()).status).toBeGreaterThan(200);
    expect((await tell({ faults: [] })).status).toBe(200);
    expect((await find()).status).toBe(200);
  });

  test('fires the schedule on request', async () => {
    const fire = (headers: Record<string, string>) =>
      fetch(`${run.url}/__local/schedule`, { method: 'POST', headers });
    expect((await fire({})).status).toBe(401);
    expect((await fire({ authorization: 'Bearer local-admin' })).status).toBe(202);
    await eventually(run.output).toMatch(/purge pu\w+ succeeded: matched \d+, deleted \d+/);
  });

  test('counts the active executions by age on request, and prints them', async () => {
    const headers = { authorization: 'Bearer local-admin' };
    const counted = await fetch(`${run.url}/__local/census`, { method: 'POST', headers });
    expect(counted.status).toBe(202);
    await eventually(run.output).toMatch(
      /welcome: active over a week \d+, 1 to 7 days \d+, 1 to 24 h \d+, under 1 h \d+\n/,
    );
    await eventually(run.output).toMatch(/ {2}support: active over a week/);
  });
});
