import { randomBytes, randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { ACCOUNT_ID, REGION } from '../aws/protocol.ts';
import { type Clock, realClock } from '../clock.ts';
import type { FromWorker, Invocation, WorkerSettings } from './function-protocol.ts';

/**
 * Runs built bundles as Lambda does: each in its own environment (a worker thread with its own variables),
 * one invocation at a time in each, more environments when several requests are in flight, warm ones again.
 */

export type FunctionSpec = {
  name: string;
  /** Path of the bundle's index.mjs. */
  bundle: string;
  timeoutMs: number;
  memoryMb: number;
  /** Its own variables, asked for when an environment starts; those of Lambda's runtime come before them. */
  env: () => Record<string, string>;
  /** Invocations beyond it wait for a free environment. */
  maxEnvironments: number;
  /** A durable function: only these may be given a DurableExecutionName. */
  durable?: { executionTimeoutMs: number };
};

/** `error` is the JSON that Lambda answers with; `crashed` and `timed out` also end the environment. */
export type InvocationResult =
  | { outcome: 'answered'; payload: string }
  | { outcome: 'threw' | 'crashed' | 'timed out'; error: string };

export type LogLine = { function: string; line: string };

export type FunctionHost = {
  spec(name: string): FunctionSpec | undefined;
  /** `payload` is JSON. Never throws for what the function does. */
  invoke(
    name: string,
    payload: string,
    options?: { arn?: string; requestId?: string },
  ): Promise<InvocationResult>;
  /** Ends the environments that are running an invocation, as a crash would; says how many. */
  kill(name: string): number;
  /** How many environments were started for it so far. */
  started(name: string): number;
  close(): Promise<void>;
};

export const FUNCTION_VERSION = '1';

type Environment = {
  worker: Worker;
  /** See WorkerSettings. */
  latest: WorkerSettings['latest'];
  busy: Running | null;
  alive: boolean;
};
type Running = { id: number; settle: (result: InvocationResult) => void };
/** null: the run has ended, and no environment will come. */
type Waiting = (environment: Environment | null) => void;

export function createFunctionHost(
  specs: readonly FunctionSpec[],
  options: { log?: (line: LogLine) => void; clock?: Clock } = {},
): FunctionHost {
  const { log = () => {}, clock = realClock } = options;
  const fleets = new Map(specs.map((spec) => [spec.name, new Fleet(spec, log, clock)]));
  return {
    spec: (name) => fleets.get(name)?.spec,
    invoke(name, payload, { arn, requestId } = {}) {
      const fleet = fleets.get(name);
      if (!fleet) throw new Error(`No such function: ${name}`);
      return fleet.invoke(payload, arn ?? functionArn(name), requestId ?? randomUUID());
    },
    kill: (name) => fleets.get(name)?.kill() ?? 0,
    started: (name) => fleets.get(name)?.startedCount ?? 0,
    async close() {
      await Promise.all([...fleets.values()].map((fleet) => fleet.close()));
    },
  };
}

export function functionArn(name: string, qualifier?: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${name}${qualifier ? `:${qualifier}` : ''}`;
}

/** The environments of one function. */
class Fleet {
  readonly spec: FunctionSpec;
  startedCount = 0;
  private readonly log: (line: LogLine) => void;
  private readonly clock: Clock;
  private readonly environments = new Set<Environment>();
  private readonly queue: Waiting[] = [];
  private nextId = 1;
  private closed = false;

  constructor(spec: FunctionSpec, log: (line: LogLine) => void, clock: Clock) {
    this.spec = spec;
    this.log = log;
    this.clock = clock;
  }

  async invoke(payload: string, arn: string, requestId: string): Promise<InvocationResult> {
    const environment = await this.take();
    if (!environment?.alive) return crashed('the local run has ended');
    return new Promise((resolve) => {
      const { timeoutMs, name } = this.spec;
      const invocation: Invocation = {
        id: this.nextId++,
        requestId,
        payload,
        deadlineMs: Date.now() + timeoutMs,
        arn,
      };
      const timer = setTimeout(() => {
        const text = `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
        this.log({ function: name, line: `${requestId} ${text}` });
        this.end(environment, {
          outcome: 'timed out',
          error: runtimeError('Sandbox.Timedout', requestId, text),
        });
      }, timeoutMs);
      environment.busy = {
        id: invocation.id,
        settle: (result) => {
          clearTimeout(timer);
          environment.busy = null;
          resolve(result);
          if (environment.alive) this.release(environment);
        },
      };
      Atomics.store(environment.latest, 0, invocation.id);
      Atomics.notify(environment.latest, 0);
      environment.worker.postMessage(invocation);
    });
  }

  kill(): number {
    const busy = [...this.environments].filter((environment) => environment.busy !== null);
    for (const environment of busy) this.end(environment, crashed('signal: killed'));
    return busy.length;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const waiting of this.queue.splice(0)) waiting(null);
    const ending = [...this.environments].map(async (environment) => {
      this.end(environment, crashed('the local run has ended'));
      await environment.worker.terminate();
    });
    await Promise.all(ending);
  }

  /** A warm environment, else a new one, else the next that becomes free. */
  private take(): Promise<Environment | null> {
    if (this.closed) return Promise.resolve(null);
    // The most recently used first, so that the others could be retired: Lambda does the same.
    const idle = [...this.environments].reverse().find((environment) => environment.busy === null);
    if (idle) return Promise.resolve(this.reserve(idle));
    if (this.environments.size < this.spec.maxEnvironments)
      return Promise.resolve(this.reserve(this.start()));
    return new Promise((resolve) => {
      this.queue.push((environment) => resolve(environment && this.reserve(environment)));
    });
  }

  private reserve(environment: Environment): Environment {
    environment.busy = { id: 0, settle: () => {} };
    return environment;
  }

  private release(environment: Environment): void {
    // Last in the set: the most recently used.
    this.environments.delete(environment);
    this.environments.add(environment);
    this.queue.shift()?.(environment);
  }

  private start(): Environment {
    const { spec } = this;
    this.startedCount++;
    const latest = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const settings: WorkerSettings = {
      name: spec.name,
      version: FUNCTION_VERSION,
      bundle: spec.bundle,
      memoryMb: spec.memoryMb,
      logStream: `local/[${FUNCTION_VERSION}]${randomBytes(16).toString('hex')}`,
      latest,
      offsetMs: this.clock.offsetMs ?? null,
    };
    const worker = new Worker(new URL('./function-worker.ts', import.meta.url), {
      workerData: settings,
      env: { ...lambdaEnvironment(settings), ...spec.env() },
      execArgv: ['--enable-source-maps'],
      resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb },
      stdout: true,
      stderr: true,
    });
    const environment: Environment = { worker, latest, busy: null, alive: true };
    this.environments.add(environment);
    for (const stream of [worker.stdout, worker.stderr])
      forEachLine(stream, (line) => this.log({ function: spec.name, line }));
    worker.on('message', (message: FromWorker) => {
      if (message.id !== environment.busy?.id) return;
      if (message.kind === 'answer')
        environment.busy.settle({ outcome: 'answered', payload: message.payload });
      else if (message.kind === 'threw') environment.busy.settle({ outcome: 'threw', error: message.error });
      else {
        this.log({ function: spec.name, line: `init failed: ${message.error}` });
        this.end(environment, { outcome: 'crashed', error: message.error });
      }
    });
    worker.on('error', (error) => {
      this.log({ function: spec.name, line: String(error.stack ?? error) });
      this.end(environment, {
        outcome: 'crashed',
        error: JSON.stringify({ errorType: error.name, errorMessage: error.message }),
      });
    });
    worker.on('exit', (code) => this.end(environment, crashed(`exit status ${code}`)));
    return environment;
  }

  /** Takes the environment out of the fleet; what runs in it ends with `result`. */
  private end(environment: Environment, result: InvocationResult): void {
    if (!environment.alive) return;
    environment.alive = false;
    this.environments.delete(environment);
    void environment.worker.terminate();
    environment.busy?.settle(result);
    if (this.closed) return;
    // Somebody may be waiting for the place that has become free.
    const next = this.queue.shift();
    if (next) next(this.start());
  }
}

function crashed(why: string): InvocationResult {
  return {
    outcome: 'crashed',
    error: JSON.stringify({
      errorType: 'Runtime.ExitError',
      errorMessage: `Error: Runtime exited with error: ${why}`,
    }),
  };
}

function runtimeError(errorType: string, requestId: string, text: string): string {
  return JSON.stringify({ errorType, errorMessage: `RequestId: ${requestId} Error: ${text}` });
}

/** The variables that Lambda's runtime sets (Lambda developer guide, "Defined runtime environment variables"). */
function lambdaEnvironment({ name, version, memoryMb, logStream }: WorkerSettings): Record<string, string> {
  return {
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    // As in Lambda, each function calls AWS in a session of its own role.
    AWS_SESSION_TOKEN: name,
    LAMBDA_TASK_ROOT: '/var/task',
    _HANDLER: 'index.handler',
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
  };
}

function forEachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}
