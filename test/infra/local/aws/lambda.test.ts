import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CheckpointDurableExecutionCommand,
  GetDurableExecutionStateCommand,
  InvokeCommand,
  type InvokeCommandInput,
  LambdaClient,
  ListFunctionsCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LambdaStandIn, startLambda } from '../../../../infra/local/aws/lambda.ts';
import { createFunctionHost, type FunctionHost } from '../../../../infra/local/host/function-host.ts';
import { clientOf } from '../../../support/aws-client.ts';
import { bundleFixtures } from '../../../support/local/bundle.ts';
import { type ManualClock, manualClock } from '../../../support/local/clocks.ts';
import { eventually } from '../../../support/local/poll.ts';

/** The stand-in for Lambda, spoken to by the real client and by the real durable SDK inside a bundle. */

const DURABLE = 'arn:aws:lambda:us-east-1:000000000000:function:durable:live';
const HOUR_MS = 3_600_000;
/** Of the fixture's shaky step. */
const DELAY_MS = 600_000;
/** The real cap is 3,000; a test need not walk there. */
const MAX_OPERATIONS = 150;

let bundles: Awaited<ReturnType<typeof bundleFixtures>>;
let folder: string;
let effects: string;
let clock: ManualClock;
let host: FunctionHost;
let lambda: LambdaStandIn;
let client: LambdaClient;

beforeAll(async () => {
  bundles = await bundleFixtures(['echo', 'durable']);
  folder = await mkdtemp(join(tmpdir(), 'effects-'));
  effects = join(folder, 'effects');
});
afterAll(async () => {
  await bundles.remove();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  await writeFile(effects, '');
  clock = manualClock(Date.now());
  const env = () => ({ AWS_ENDPOINT_URL_LAMBDA: lambda.url });
  const shared = { memoryMb: 256, maxEnvironments: 2, env };
  host = createFunctionHost([
    { ...shared, name: 'echo', bundle: bundles.path('echo'), timeoutMs: 5_000 },
    {
      ...shared,
      name: 'durable',
      bundle: bundles.path('durable'),
      timeoutMs: 10_000,
      durable: { executionTimeoutMs: 24 * HOUR_MS },
    },
  ]);
  lambda = await startLambda({ host, clock, maxOperations: MAX_OPERATIONS });
  client = new LambdaClient(clientOf(lambda.url));
});
afterEach(async () => {
  client.destroy();
  await lambda.close();
  await host.close();
});

function invoke(FunctionName: string, payload: unknown, more: Partial<InvokeCommandInput> = {}) {
  return client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload), ...more }));
}

async function startDurable(order: object, name?: string): Promise<string> {
  const started = await invoke(
    DURABLE,
    { effects, ...order },
    { InvocationType: 'Event', ...(name && { DurableExecutionName: name }) },
  );
  expect(started.StatusCode).toBe(202);
  return started.DurableExecutionArn ?? '';
}

async function seenEffects(): Promise<string[]> {
  return (await readFile(effects, 'utf8')).split('\n').filter((line) => line !== '');
}

describe('Invoke', () => {
  test('answers with the payload and the version', async () => {
    const answer = await invoke('echo', { a: 1 });
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '1' });
    expect(answer.FunctionError).toBeUndefined();
    expect(JSON.parse(answer.Payload?.transformToString() ?? '')).toMatchObject({ event: { a: 1 } });
  });

  test('says Unhandled when the function throws', async () => {
    const answer = await invoke('echo', { do: 'throw' });
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(JSON.parse(answer.Payload?.transformToString() ?? '')).toMatchObject({ errorType: 'TypeError' });
  });

  test.each(['nobody', 'echo:nowhere', 'arn:aws:lambda:us-east-1:000000000000:function:nobody'])(
    'does not know %s',
    async (name) => {
      await expect(invoke(name, {})).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    },
  );

  test('refuses a body that is no JSON', async () => {
    await expect(
      client.send(new InvokeCommand({ FunctionName: 'echo', Payload: '{' })),
    ).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
  });

  test('refuses an Event above 1 MB', async () => {
    await expect(invoke(DURABLE, 'x'.repeat(1_100_000), { InvocationType: 'Event' })).rejects.toMatchObject({
      name: 'RequestTooLargeException',
    });
  });

  test('refuses a durable name for a function that is not durable', async () => {
    await expect(invoke('echo', {}, { DurableExecutionName: 'one' })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    });
  });

  test('refuses a durable function by an unqualified name', async () => {
    await expect(invoke('durable', {}, { InvocationType: 'Event' })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    });
  });

  test.each([
    ['a dry run', new InvokeCommand({ FunctionName: 'echo', InvocationType: 'DryRun' })],
    [
      'an Event for an ordinary function',
      new InvokeCommand({ FunctionName: 'echo', InvocationType: 'Event' }),
    ],
    ['an operation that nothing here calls', new ListFunctionsCommand({})],
  ])('refuses %s as not supported', async (_what, command) => {
    // biome-ignore lint/suspicious/noExplicitAny: the client has an overload for each command and none for all.
    await expect(client.send(command as any)).rejects.toMatchObject({
      message: expect.stringContaining('This stand-in does not support '),
    });
  });

  test('refuses a request without a signature', async () => {
    const response = await fetch(`${lambda.url}/2015-03-31/functions/echo/invocations`, { method: 'POST' });
    expect(response.status).toBe(403);
  });
});

describe('a durable execution', () => {
  test('runs its steps once, waits without running, and goes on after the wait', async () => {
    const arn = await startDurable({ way: 'steps and a wait' });
    const execution = lambda.executions.find(arn);
    await eventually(seenEffects).toEqual(['first']);
    await eventually(() => execution.journal.operationCount).toBe(2);
    // The wait is known; only now may time pass, and the invocation has ended meanwhile.
    clock.advance(HOUR_MS - 1);
    expect(execution.status).toBe('RUNNING');
    expect(execution.invocations).toBe(1);
    clock.advance(1);
    await execution.ended;
    expect(await seenEffects()).toEqual(['first', 'second']);
    expect(execution).toMatchObject({ status: 'SUCCEEDED', invocations: 2 });
    expect(JSON.parse(execution.result ?? '')).toEqual({ second: 2 });
    expect(execution.journal.operationCount).toBe(3);
  });

  test('is answered whole by a synchronous invocation', async () => {
    const answer = await invoke(DURABLE, { way: 'nothing special', effects });
    expect(JSON.parse(answer.Payload?.transformToString() ?? '')).toMatchObject({ way: 'nothing special' });
    expect(answer.DurableExecutionArn).toMatch(/:durable:1\/durable-execution\/[^/]+\/[^/]+$/);
  });

  test('repeats a failing step after its delay, and counts it as one operation', async () => {
    const execution = lambda.executions.find(await startDurable({ way: 'retries' }));
    for (const attempts of [1, 2]) {
      await eventually(() => execution.journal.nextDueMs()).toBe(clock.now() + DELAY_MS);
      expect(await seenEffects()).toHaveLength(attempts);
      clock.advance(DELAY_MS);
    }
    await execution.ended;
    expect(execution).toMatchObject({ status: 'SUCCEEDED', result: '"third time lucky"' });
    expect(await seenEffects()).toHaveLength(3);
    expect(execution.journal.operationCount).toBe(1);
  });

  test('that fails keeps the error', async () => {
    const execution = lambda.executions.find(await startDurable({ way: 'fails' }));
    await execution.ended;
    expect(execution).toMatchObject({ status: 'FAILED', error: { ErrorMessage: 'never works' } });
  });

  test('survives the death of its process: what was checkpointed is not done again', async () => {
    const execution = lambda.executions.find(await startDurable({ way: 'hangs once' }));
    await eventually(seenEffects).toEqual(['before', 'hangs']);
    expect(host.kill('durable')).toBe(1);
    await eventually(() => {
      clock.advance(1_000);
      return execution.status;
    }).toBe('SUCCEEDED');
    expect(await seenEffects()).toEqual(['before', 'hangs', 'hangs']);
    expect(execution).toMatchObject({ invocations: 2, result: '"survived"' });
  });

  test('refuses operations other than steps and waits as not supported', async () => {
    const arn = await startDurable({ way: 'steps and a wait' });
    await expect(
      client.send(
        new CheckpointDurableExecutionCommand({
          DurableExecutionArn: arn,
          CheckpointToken: 'any',
          Updates: [{ Id: '1', Type: 'CONTEXT', Action: 'START' }],
        }),
      ),
    ).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringContaining('This stand-in supports steps and waits only.'),
    });
  });

  test('hands a result above 6 MB over by a checkpoint', async () => {
    const execution = lambda.executions.find(await startDurable({ way: 'large result', bytes: 6_400_000 }));
    await execution.ended;
    expect(execution.status).toBe('SUCCEEDED');
    expect(execution.result?.length).toBe(6_400_002);
  });

  test('reads a long history in pages', async () => {
    const execution = lambda.executions.find(await startDurable({ way: 'many', count: 120 }));
    await eventually(() => execution.journal.operationCount).toBe(121);
    await eventually(() => {
      clock.advance(HOUR_MS);
      return execution.status;
    }).toBe('SUCCEEDED');
    expect(execution).toMatchObject({ invocations: 2, result: '"all"' });
  });

  test('fails at the operation that is one too many', async () => {
    const execution = lambda.executions.find(await startDurable({ way: 'many', count: MAX_OPERATIONS + 1 }));
    await execution.ended;
    expect(execution).toMatchObject({
      status: 'FAILED',
      error: { ErrorType: 'ServiceQuotaExceededException' },
      journal: { operationCount: MAX_OPERATIONS },
    });
  });

  test('ends as timed out after its longest time', async () => {
    const execution = lambda.executions.find(await startDurable({ way: 'waits two days' }));
    await eventually(() => execution.journal.operationCount).toBe(1);
    clock.advance(24 * HOUR_MS);
    expect(execution.status).toBe('TIMED_OUT');
  });

  test('refuses a state request with a token that is not the current one', async () => {
    const arn = await startDurable({ way: 'steps and a wait' });
    await expect(
      client.send(new GetDurableExecutionStateCommand({ DurableExecutionArn: arn, CheckpointToken: 'old' })),
    ).rejects.toMatchObject({ name: 'InvalidParameterValueException', message: 'Invalid Checkpoint Token' });
  });
});

describe('a DurableExecutionName', () => {
  test('with the same payload gives the same execution', async () => {
    const first = await startDurable({ way: 'steps and a wait' }, 'purge-1');
    const second = await startDurable({ way: 'steps and a wait' }, 'purge-1');
    expect(second).toBe(first);
    expect(lambda.executions.list('durable')).toHaveLength(1);
  });

  test('with another payload is refused', async () => {
    await startDurable({ way: 'steps and a wait' }, 'purge-1');
    await expect(startDurable({ way: 'fails' }, 'purge-1')).rejects.toMatchObject({
      name: 'DurableExecutionAlreadyStartedException',
      $metadata: { httpStatusCode: 409 },
    });
  });

  test.each(['with space', 'x'.repeat(65)])('such as "%s" is refused', async (name) => {
    await expect(startDurable({}, name)).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });
});
