import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, Invocation, WorkerSettings } from './function-protocol.ts';

/**
 * What Lambda's Node runtime does around a bundle, in a worker thread: load it, then hand it one event after
 * the other. The bundle cannot tell the difference and has no branch for it.
 */

const port = parentPort;
if (!port) throw new Error('function-worker.ts runs as a worker thread only');
const settings = workerData as WorkerSettings;

const machineNow = Date.now;

/** Sets this thread's clock ahead by what stands in `offsetMs`, now and whenever it changes. */
function shiftClock(offsetMs: Float64Array): void {
  const now = () => machineNow() + (offsetMs[0] ?? 0);
  globalThis.Date = new Proxy(Date, {
    construct: (target, values) =>
      values.length === 0 ? new target(now()) : Reflect.construct(target, values),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
}

if (settings.offsetMs) shiftClock(settings.offsetMs);

type Handler = (event: unknown, context: object) => unknown;

function say(message: FromWorker): void {
  port?.postMessage(message);
}

/** As the runtime serialises a thrown value. */
function describe(error: unknown): string {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return JSON.stringify({ errorType: name, errorMessage: message, trace: (stack ?? '').split('\n') });
}

function contextFor({ requestId, deadlineMs, arn }: Invocation): object {
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

async function load(): Promise<Handler> {
  const module: unknown = await import(pathToFileURL(settings.bundle).href);
  const handler = (module as Record<string, unknown>)['handler'];
  if (typeof handler !== 'function')
    throw new Error(`${settings.name}: index.handler is undefined or not exported`);
  return handler as Handler;
}

const loading = load();
// An init that failed answers the first invocation with its error and ends the environment, as Lambda does.
loading.catch(() => {});

async function run(invocation: Invocation): Promise<FromWorker> {
  const { id } = invocation;
  let handler: Handler;
  try {
    handler = await loading;
  } catch (error) {
    return { kind: 'init failed', id, error: describe(error) };
  }
  try {
    const answer = await handler(JSON.parse(invocation.payload), contextFor(invocation));
    return { kind: 'answer', id, payload: JSON.stringify(answer) ?? 'null' };
  } catch (error) {
    return { kind: 'threw', id, error: describe(error) };
  }
}

/**
 * Lambda freezes an environment between invocations: timers stand still, and a connection that was closed
 * meanwhile looks open until it is used. Blocking the thread is the same. What was written goes out first.
 */
async function freezeAfter(id: number): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  Atomics.wait(settings.latest, 0, id);
}

port.on('message', (invocation: Invocation) => {
  void run(invocation).then((result) => {
    say(result);
    return freezeAfter(invocation.id);
  });
});
