import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

/**
 * Starts a bundle under AWS's own runtime client, hands it one event through the Runtime API
 * (Lambda developer guide, "Lambda runtime API") and stops it when it has answered.
 */
const runtimeClient = fileURLToPath(new URL('../node_modules/aws-lambda-ric/index.mjs', import.meta.url));
const START_TIMEOUT_MS = 30_000;
/** A shell's: its `$0` is the file, the rest is what it becomes. */
const ENTER = 'echo $$ > "$0"; exec "$@"';

export type ColdStart = { wallMs: number; cpuMs: number; status: number };

export async function coldStart(
  folder: string,
  env: Record<string, string>,
  event: unknown,
  /** Where the process writes its id before it becomes the runtime: see processor-share.ts. */
  tasks?: string,
): Promise<ColdStart> {
  const answered = Promise.withResolvers<{ at: number; cpuMs: number; text: string }>();
  let handedOut = false;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path.endsWith('/invocation/next')) {
      // The second `next` is what a warm environment waits in.
      if (handedOut) return;
      handedOut = true;
      response
        .writeHead(200, {
          'content-type': 'application/json',
          'lambda-runtime-aws-request-id': 'bench',
          'lambda-runtime-deadline-ms': String(Date.now() + START_TIMEOUT_MS),
          'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:bench',
        })
        .end(JSON.stringify(event));
      return;
    }
    const at = performance.now();
    const cpuMs = child.pid === undefined ? Number.NaN : cpuOf(child.pid);
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      response.writeHead(202).end('{"status":"OK"}');
      if (path.endsWith('/response')) answered.resolve({ at, cpuMs, text });
      else answered.reject(new Error(`${path}: ${text}`));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const startedAt = performance.now();
  const command = [process.execPath, runtimeClient, 'index.handler'];
  const [file = '', ...args] = tasks ? ['/bin/sh', '-c', ENTER, tasks, ...command] : command;
  const child = spawn(file, args, {
    cwd: folder,
    env: {
      ...env,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: 'index.handler',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints += chunk;
  });
  const exited = once(child, 'exit');
  exited.then(([code]) => answered.reject(new Error(`ended with ${code}: ${complaints}`)));
  const timer = setTimeout(() => answered.reject(new Error('no answer')), START_TIMEOUT_MS);
  try {
    const { at, cpuMs, text } = await answered.promise;
    return { wallMs: at - startedAt, cpuMs, status: JSON.parse(text).statusCode };
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
    await exited;
    server.closeAllConnections();
    server.close();
  }
}

/** What all threads of a process have computed so far, in milliseconds (proc_pid_schedstat). */
function cpuOf(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}
