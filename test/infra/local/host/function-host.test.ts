import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Clock } from '../../../../infra/local/clock.ts';
import type { FunctionSpec, LogLine } from '../../../../infra/local/host/environment.ts';
import { createFunctionHost, type FunctionHost } from '../../../../infra/local/host/function-host.ts';
import { bundleFixtures } from '../../../support/local/bundle.ts';
import { travellingClock } from '../../../support/local/clocks.ts';
import { eventually } from '../../../support/local/poll.ts';

let bundles: Awaited<ReturnType<typeof bundleFixtures>>;
let host: FunctionHost;
const lines: LogLine[] = [];

beforeAll(async () => {
  bundles = await bundleFixtures(['echo']);
});
afterAll(() => bundles.remove());
afterEach(() => host.close());

function startHost(changes: Partial<FunctionSpec> = {}, clock?: Clock): FunctionHost {
  lines.length = 0;
  const spec = {
    name: 'echo',
    bundle: bundles.path('echo'),
    timeoutMs: 5_000,
    memoryMb: 256,
    env: () => ({ STUDIO_TABLE: 'table' }),
    maxEnvironments: 2,
    ...changes,
  };
  host = createFunctionHost([spec], { log: (line) => lines.push(line), ...(clock && { clock }) });
  return host;
}

async function ask(wish: object): Promise<unknown> {
  const result = await host.invoke('echo', JSON.stringify(wish));
  if (result.outcome !== 'answered') throw new Error(`${result.outcome}: ${result.error}`);
  return JSON.parse(result.payload);
}

describe('an environment', () => {
  test('is warm for the second invocation', async () => {
    startHost();
    await ask({});
    expect(await ask({ a: 1 })).toEqual({ event: { a: 1 }, invocations: 2 });
    expect(host.started('echo')).toBe(1);
  });

  test("has Lambda's variables and its own, and not those of this process", async () => {
    startHost();
    process.env['OF_THIS_PROCESS'] = '1';
    const environment = await ask({ do: 'environment' });
    delete process.env['OF_THIS_PROCESS'];
    expect(environment).toMatchObject({
      AWS_LAMBDA_FUNCTION_NAME: 'echo',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      STUDIO_TABLE: 'table',
    });
    expect(environment).not.toHaveProperty('OF_THIS_PROCESS');
  });

  test('gives a context with the request, the function and the time left', async () => {
    startHost({ timeoutMs: 60_000 });
    const context = await ask({ do: 'context' });
    expect(context).toMatchObject({
      functionName: 'echo',
      functionVersion: '1',
      memoryLimitInMB: '256',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:echo',
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect((context as { remainingMs: number }).remainingMs).toBeGreaterThan(30_000);
  });

  test('answers null when the handler returns nothing', async () => {
    startHost();
    expect(await ask({ do: 'nothing' })).toBeNull();
  });

  test('is frozen between invocations: its timers stand still', async () => {
    startHost();
    await ask({ do: 'tick' });
    await new Promise((resolve) => setTimeout(resolve, 250));
    // The interval of 1 ms had its chance while the answer went out, on a busy machine some tens of them.
    expect(await ask({ do: 'ticks' })).toBeLessThan(125);
  });

  test('has the machine’s clock, or one that was set ahead', async () => {
    const clock = travellingClock();
    startHost({}, clock);
    await ask({ do: 'time' });
    const before = Date.now();
    clock.travel(86_400_000);
    const time = (await ask({ do: 'time' })) as { now: number; iso: string; fixed: number; isDate: boolean };
    expect(time.now - before).toBeGreaterThanOrEqual(86_400_000);
    expect(Date.parse(time.iso) - before).toBeGreaterThanOrEqual(86_400_000);
    expect(time).toMatchObject({ fixed: 0, isDate: true });
  });

  test('can be ended while it is frozen', async () => {
    startHost();
    await ask({});
    await host.close();
    expect(await host.invoke('echo', '{}')).toMatchObject({ outcome: 'crashed' });
  });

  test('hands every line of its output to the log', async () => {
    startHost();
    await ask({ do: 'log' });
    await eventually(() => lines.map(({ line }) => line).toSorted()).toEqual(['first line', 'second line']);
  });
});

describe('concurrency', () => {
  test('starts one environment for each invocation in flight, up to the bound, and lets the rest wait', async () => {
    startHost({ maxEnvironments: 2 });
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask({ do: 'wait', ms: 30 })));
    expect(host.started('echo')).toBe(2);
    expect(answers.filter((answer) => isFirst(answer))).toHaveLength(2);
    expect(answers).toHaveLength(4);
  });
});

describe('a failing invocation', () => {
  test('that throws answers with the type and the message, and leaves the environment warm', async () => {
    startHost();
    const result = await host.invoke('echo', JSON.stringify({ do: 'throw' }));
    expect(result.outcome).toBe('threw');
    expect(parsedError(result)).toMatchObject({ errorType: 'TypeError', errorMessage: 'as wished' });
    expect(await ask({})).toMatchObject({ invocations: 2 });
  });

  test('that exits ends its environment only', async () => {
    startHost();
    const result = await host.invoke('echo', JSON.stringify({ do: 'exit' }));
    expect(result.outcome).toBe('crashed');
    expect(parsedError(result)).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('3'),
    });
    expect(await ask({})).toMatchObject({ invocations: 1 });
  });

  test('with an uncaught error crashes with that error', async () => {
    startHost();
    const result = await host.invoke('echo', JSON.stringify({ do: 'reject behind' }));
    expect(result.outcome).toBe('crashed');
    expect(parsedError(result)).toMatchObject({ errorMessage: 'nobody catches this' });
  });

  test('that takes too long ends as Task timed out', async () => {
    startHost({ timeoutMs: 50 });
    const result = await host.invoke('echo', JSON.stringify({ do: 'hang' }));
    expect(result.outcome).toBe('timed out');
    expect(parsedError(result)).toMatchObject({
      errorMessage: expect.stringContaining('Task timed out after 0.05 seconds'),
    });
  });

  test('can be killed in the middle, and a call that waited for its place gets a new one', async () => {
    startHost({ maxEnvironments: 1 });
    const hanging = host.invoke('echo', JSON.stringify({ do: 'hang' }));
    const waiting = ask({});
    await eventually(() => host.kill('echo')).toBe(1);
    expect((await hanging).outcome).toBe('crashed');
    expect(await waiting).toMatchObject({ invocations: 1 });
  });

  test('at init answers with the reason', async () => {
    startHost({ bundle: '/nowhere/index.mjs' });
    const result = await host.invoke('echo', '{}');
    expect(result.outcome).toBe('crashed');
    expect(parsedError(result)).toMatchObject({
      errorMessage: expect.stringContaining('/nowhere/index.mjs'),
    });
  });
});

test('closing ends what runs and what waits', async () => {
  startHost({ maxEnvironments: 1 });
  const running = host.invoke('echo', JSON.stringify({ do: 'hang' }));
  const waiting = host.invoke('echo', '{}');
  await host.close();
  expect((await running).outcome).toBe('crashed');
  expect((await waiting).outcome).toBe('crashed');
});

function isFirst(answer: unknown): boolean {
  return (answer as { invocations: number }).invocations === 1;
}

function parsedError(result: Awaited<ReturnType<FunctionHost['invoke']>>): unknown {
  return result.outcome === 'answered' ? null : JSON.parse(result.error);
}
