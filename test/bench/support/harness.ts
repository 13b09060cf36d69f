import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SimulatedStudioOptions } from '../../../infra/simulator/server.ts';

/**
 * What the benchmarks share: the simulated Studio in a process of its own, contestants in processes of
 * their own, and a table.
 */

export const FLOW_SID = `FW${'a'.repeat(32)}`;
export const CREDENTIALS = {
  accountSid: `AC${'a'.repeat(32)}`,
  username: `SK${'a'.repeat(32)}`,
  password: 'local',
};

/**
 * Megabytes of the old and the young generation. With plenty of memory V8 lets garbage lie: what is really
 * needed shows in a heap that has little, as that of a small Lambda.
 */
export const SMALL_HEAP = '--max-old-space-size=64 --max-semi-space-size=4';

export type Simulator = {
  url: string;
  /** Speaks to the administrative endpoint. */
  admin<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T>;
  stop(): Promise<void>;
};

export type SimulatorCounts = {
  executions: { active: number; ended: number; deleted: number };
  requests: number;
  throttled: number;
};

/** Starts the simulated Studio in a process of its own, so that it shares no event loop with who is measured. */
export async function startSimulator(
  options: Pick<SimulatedStudioOptions, 'seed' | 'behaviour' | 'flows' | 'tls'>,
): Promise<Simulator> {
  const { told: url, stop } = await startProcess<string>('simulator-process.ts', JSON.stringify(options));
  return {
    url,
    async admin(method, path, body) {
      const response = await fetch(`${url}/__simulator/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`simulator: ${response.status} ${await response.text()}`);
      return response.json() as never;
    },
    stop,
  };
}

/** Starts the stand-ins of Secrets Manager, DynamoDB and S3; tells the variables that lead a bundle there. */
export async function startAws(): Promise<{ variables: Record<string, string>; stop(): Promise<void> }> {
  const { told, stop } = await startProcess<Record<string, string>>('aws-process.ts');
  return { variables: told, stop };
}

async function startProcess<Told>(script: string, ...args: string[]) {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), args);
  const [told] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${script} did not start`))),
  ])) as [Told];
  return { told, stop: () => stopChild(child) };
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

export type Measured = { seconds: number; peakMegabytes: number; [figure: string]: number };

/** The longest that a contestant may take. */
const CONTESTANT_TIMEOUT_MS = 20 * 60_000;

/** Runs a contestant in a fresh process with this environment; it prints its figures as JSON on its last line. */
export async function contestIn(
  env: NodeJS.ProcessEnv,
  script: string,
  ...args: (string | number)[]
): Promise<Measured> {
  const file = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args.map(String)], {
    env,
    timeout: CONTESTANT_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** For contestants: runs `work`, then prints seconds, the process's peak memory and what `work` told. */
export async function report(work: () => Promise<Record<string, number>>): Promise<void> {
  const startedAt = performance.now();
  const figures = await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const peakMegabytes = process.resourceUsage().maxRSS / 1_024;
  console.log(JSON.stringify({ seconds, peakMegabytes, ...figures }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export type Row = Record<string, string | number | null>;

/** A table for people; with `--json` the same rows as JSON. */
export function print(title: string, rows: readonly Row[], argv: readonly string[]): void {
  if (argv.includes('--json')) {
    console.log(JSON.stringify({ title, rows }));
    return;
  }
  const columns = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => columns.map((column) => format(row[column] ?? null)));
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
      .join('  ');
  console.log(`\n${title}\n${line(columns)}\n${widths.map((width) => '-'.repeat(width)).join('  ')}`);
  for (const row of cells) console.log(line(row));
}

function format(value: string | number | null): string {
  if (value === null) return '–';
  if (typeof value === 'string') return value;
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

/** API Gateway's event for a trigger of the flow `welcome`, with a key. */
export function triggerEvent(key: string, body: { to: string; parameters?: Record<string, unknown> }) {
  const path = '/flows/welcome/executions';
  return {
    version: '2.0',
    routeKey: 'POST /flows/{flow}/executions',
    rawPath: path,
    rawQueryString: '',
    headers: {
      authorization: 'Bearer local-admin',
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    pathParameters: { flow: 'welcome' },
    requestContext: {
      requestId: key,
      stage: '$default',
      timeEpoch: Date.now(),
      http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'bench' },
    },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/** What a function finds in Lambda's environment, beside what leads it to the stand-ins. */
export const LAMBDA_ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'not-a-key',
  AWS_LAMBDA_FUNCTION_NAME: 'trigger',
  STUDIO_CONFIG: JSON.stringify({ flows: [{ alias: 'welcome', sid: FLOW_SID, from: '+15550001111' }] }),
};
