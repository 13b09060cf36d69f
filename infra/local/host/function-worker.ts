import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { Invocation, InvocationResult, WorkerSettings } from './function-protocol.ts';

/**
 * Does in a worker thread what Lambda's Node runtime does around a bundle: loads it, then hands it one event
 * after the other. The bundle cannot tell the difference.
 */

type Handler = (event: unknown, context: object) => unknown;

const port = parentPort;
if (!port) throw new Error('function-worker.ts runs as a worker thread only');
const settings: WorkerSettings = workerData;
const machineNow = Date.now;

/** Sets this thread's clock ahead by what `offsetMs` holds, now and whenever it changes. */
function shiftClock(offsetMs: Float64Array): void {
  const now = () => machineNow() + (offsetMs[0] ?? 0);
  globalThis.Date = new Proxy(Date, {
    construct: (target, values) =>
      values.length === 0 ? new target(now()) : Reflect.construct(target, values),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
}

if (settings.offsetMs) shiftClock(settings.offsetMs);

async function load(): Promise<Handler> {
  const { handler } = await import(pathToFileURL(settings.bundle).href);
  if (typeof handler !== 'function')
    throw new Error(`${settings.name}: index.handler is undefined or not exported`);
  return handler;
}

const loading = load();
// An init that failed answers the first invocation with its error, as in Lambda.
loading.catch(() => {});

async function run({ payload, ...invocation }: Invocation): Promise<InvocationResult> {
  let outcome: 'crashed' | 'threw' = 'crashed';
  try {
    const handler = await loading;
    outcome = 'threw';
    const answer = await handler(JSON.parse(payload), contextOf(invocation));
    return { outcome: 'answered', payload: JSON.stringify(answer) ?? 'null' };
  } catch (error) {
    const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    const described = { errorType: name, errorMessage: message, trace: stack.split('\n') };
    return { outcome, error: JSON.stringify(described) };
  }
}

function contextOf({ requestId, deadlineMs, arn }: Omit<Invocation, 'payload'>): object {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: settings.name,
    functionVersion: settings.version,
    invokedFunctionArn: arn,
    memoryLimitInMB: String(settings.memoryMb),
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${settings.name}`,
    logStreamName: settings.logStream,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - machineNow()),
  };
}

/**
 * Blocks the thread until the next invocation, once its output is written. Lambda freezes an environment in
 * the same way: timers stand still, and a connection that was closed meanwhile looks open until it is used.
 */
async function freezeAfter(number: number): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  Atomics.wait(settings.latest, 0, number);
}

port.on('message', async (invocation: Invocation) => {
  port.postMessage(await run(invocation));
  await freezeAfter(invocation.number);
});
