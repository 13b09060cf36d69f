import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { REGION } from '../aws/protocol.ts';
import type { Invocation, InvocationResult, WorkerSettings } from './function-protocol.ts';

export type FunctionSpec = {
  name: string;
  /** Path of the bundle's index.mjs. */
  bundle: string;
  timeoutMs: number;
  memoryMb: number;
  /** Its own variables, asked for when an environment starts. They override those of Lambda's runtime. */
  env: () => Record<string, string>;
  /** Invocations beyond it wait for a free environment. */
  maxEnvironments: number;
  /** A durable function: only these may be given a DurableExecutionName. */
  durable?: { executionTimeoutMs: number };
};

export type LogLine = { function: string; line: string };

export type Environment = {
  run(request: Pick<Invocation, 'payload' | 'arn' | 'requestId'>): Promise<InvocationResult>;
  /** Ends the environment and what it runs, as a crash does. */
  end(why: string): Promise<void>;
};

export const FUNCTION_VERSION = '1';

/** Starts an environment of Lambda's: a worker thread with variables of its own that runs one bundle. */
export function startEnvironment(
  spec: FunctionSpec,
  options: {
    log: (line: string) => void;
    offsetMs: WorkerSettings['offsetMs'];
    /** Called once, when it can run nothing any more. */
    onEnd: () => void;
  },
): Environment {
  const { log, offsetMs, onEnd } = options;
  const settings: WorkerSettings = {
    name: spec.name,
    version: FUNCTION_VERSION,
    bundle: spec.bundle,
    memoryMb: spec.memoryMb,
    logStream: `local/[${FUNCTION_VERSION}]${randomBytes(16).toString('hex')}`,
    latest: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    offsetMs,
  };
  const worker = new Worker(new URL('./function-worker.ts', import.meta.url), {
    workerData: settings,
    env: { ...runtimeVariables(settings), ...spec.env() },
    execArgv: ['--enable-source-maps'],
    resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb },
    stdout: true,
    stderr: true,
  });
  for (const input of [worker.stdout, worker.stderr]) createInterface({ input }).on('line', log);

  let invocations = 0;
  let settle = (_result: InvocationResult) => {};
  let ending: Promise<unknown> | undefined;
  const end = (result: InvocationResult) => {
    if (ending) return;
    ending = worker.terminate();
    settle(result);
    onEnd();
  };
  worker.on('message', (result: InvocationResult) => {
    if (result.outcome === 'answered' || result.outcome === 'threw') return settle(result);
    log(`init failed: ${result.error}`);
    end(result);
  });
  worker.on('error', (error: Error) => {
    log(String(error.stack ?? error));
    end({
      outcome: 'crashed',
      error: JSON.stringify({ errorType: error.name, errorMessage: error.message }),
    });
  });
  worker.on('exit', (code) => end(crashed(`exit status ${code}`)));

  return {
    async run(request) {
      if (ending) return crashed('the environment has ended');
      const answered = Promise.withResolvers<InvocationResult>();
      settle = answered.resolve;
      const { timeoutMs } = spec;
      const timer = setTimeout(() => {
        const text = `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
        log(`${request.requestId} ${text}`);
        const errorMessage = `RequestId: ${request.requestId} Error: ${text}`;
        const error = JSON.stringify({ errorType: 'Sandbox.Timedout', errorMessage });
        end({ outcome: 'timed out', error });
      }, timeoutMs);
      const number = ++invocations;
      Atomics.store(settings.latest, 0, number);
      Atomics.notify(settings.latest, 0);
      const invocation: Invocation = { ...request, number, deadlineMs: Date.now() + timeoutMs };
      worker.postMessage(invocation);
      return answered.promise.finally(() => clearTimeout(timer));
    },
    async end(why) {
      end(crashed(why));
      await ending;
    },
  };
}

export function crashed(why: string): InvocationResult {
  const errorMessage = `Error: Runtime exited with error: ${why}`;
  return { outcome: 'crashed', error: JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage }) };
}

/** The variables of Lambda's runtime (Lambda developer guide, "Defined runtime environment variables"). */
function runtimeVariables({ name, version, memoryMb, logStream }: WorkerSettings): Record<string, string> {
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
