import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SimulatedStudio } from '../../../../infra/simulator/options.ts';
import { startSimulatedStudio } from '../../../../infra/simulator/server.ts';
import { createStudio, type Studio } from '../../../../lib/studio/client.ts';
import type { endpoints } from '../../../../lib/studio/endpoints.ts';
import type { CallOptions } from '../../../../lib/studio/types.ts';
import { ACCOUNT, collect, failureOf } from '../../../support/studio/stories.ts';

/** Every call, not only one of them, keeps to its caller's signal and time. */

const FLOW = `FW${'a'.repeat(32)}`;
const EXECUTION = `FN${'a'.repeat(32)}`;
const STEP = `FT${'a'.repeat(32)}`;
const input = { friendlyName: 'Welcome', status: 'draft', definition: {} } as const;

let simulated: SimulatedStudio;
let studio: Studio;

beforeEach(async () => {
  simulated = await startSimulatedStudio();
  studio = createStudio({ ...ACCOUNT, baseUrl: simulated.url });
});

afterEach(async () => {
  await studio.close();
  await simulated.close();
});

const calls: Record<keyof typeof endpoints, (options: CallOptions) => Promise<unknown>> = {
  listExecutions: (options) => collect(studio.executions.list(FLOW, {}, options)),
  createExecution: (options) =>
    studio.executions.create(FLOW, { to: '+15005550006', from: '+1501' }, options),
  fetchExecution: (options) => studio.executions.fetch(FLOW, EXECUTION, options),
  endExecution: (options) => studio.executions.end(FLOW, EXECUTION, options),
  deleteExecution: (options) => studio.executions.delete(FLOW, EXECUTION, options),
  fetchExecutionContext: (options) => studio.executions.context(FLOW, EXECUTION, options),
  listSteps: (options) => collect(studio.steps.list(FLOW, EXECUTION, {}, options)),
  fetchStep: (options) => studio.steps.fetch(FLOW, EXECUTION, STEP, options),
  fetchStepContext: (options) => studio.steps.context(FLOW, EXECUTION, STEP, options),
  listFlows: (options) => collect(studio.flows.list({}, options)),
  createFlow: (options) => studio.flows.create(input, options),
  fetchFlow: (options) => studio.flows.fetch(FLOW, options),
  updateFlow: (options) => studio.flows.update(FLOW, { status: 'draft' }, options),
  deleteFlow: (options) => studio.flows.delete(FLOW, options),
  validateFlow: (options) => studio.flows.validate(input, options),
  listRevisions: (options) => collect(studio.revisions.list(FLOW, {}, options)),
  fetchRevision: (options) => studio.revisions.fetch(FLOW, 1, options),
  fetchTestUsers: (options) => studio.testUsers.fetch(FLOW, options),
  updateTestUsers: (options) => studio.testUsers.update(FLOW, [], options),
};

describe.each(Object.entries(calls))('%s', (name, call) => {
  test('is not sent when its caller has ended it before', async () => {
    expect(await failureOf(call({ signal: AbortSignal.abort() }))).toMatchObject({ kind: 'aborted' });
    expect(simulated.statistics().requests).toBe(0);
  });

  test('ends when its time is over, whatever Studio does', async () => {
    simulated.behave({ faults: [{ kind: 'hang' }] });
    const startedAt = performance.now();
    // What became of a create is unknown once it was sent, for which a busy machine needs its time.
    const timeoutMs = name === 'createExecution' ? 500 : 60;
    const outcome = await call({ timeoutMs }).catch((error: unknown) => error);
    expect(outcome).toMatchObject(
      name === 'createExecution' ? { outcome: 'unknown', cause: { kind: 'timeout' } } : { kind: 'timeout' },
    );
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});

describe('an answer with more bytes than its caller takes', () => {
  const seeded = (count: number) => simulated.store.seed({ flowSid: FLOW, count });
  const sidOfFirst = () => [...simulated.store.list()][0]?.sid ?? '';

  test('is no answer, says so, and is not asked for again', async () => {
    seeded(1);
    const sid = sidOfFirst();
    const read = (maxBodyBytes: number) => studio.executions.context(FLOW, sid, { maxBodyBytes });
    expect(await failureOf(read(20))).toMatchObject({ kind: 'nonsense', oversized: true });
    expect(simulated.statistics().requests).toBe(1);
    expect((await read(10_000)).executionSid).toBe(sid);
  });

  test('may be a list, all pages of which count together', async () => {
    seeded(30);
    const list = (maxBodyBytes: number) =>
      collect(studio.executions.list(FLOW, { pageSize: 10 }, { maxBodyBytes, readAhead: false }));
    expect(await list(100_000)).toHaveLength(30);
    expect(await failureOf(list(12_000))).toMatchObject({ kind: 'nonsense', oversized: true });
    expect(simulated.statistics().requests).toBeGreaterThan(3 + 1);
  });
});

describe('what is opened', () => {
  const RESOURCES = /^(TCPSocketWrap|ConnectWrap|TLSWrap)$/;
  const openSockets = () => process.getActiveResourcesInfo().filter((name) => RESOURCES.test(name)).length;

  test('for calls that are ended before their answer is closed', { timeout: 20_000 }, async () => {
    const before = openSockets();
    simulated.behave({ latencyMs: 20, maxInFlight: null });
    for (let round = 0; round < 50; round += 1) {
      const callers = Array.from({ length: 20 }, () => new AbortController());
      const ends = callers.map(({ signal }) => failureOf(studio.flows.fetch(FLOW, { signal })));
      await new Promise((resolve) => setTimeout(resolve, round % 5));
      for (const caller of callers) caller.abort();
      for (const error of await Promise.all(ends)) expect(error.kind).toBe('aborted');
    }
    await studio.close();
    await simulated.close();
    await expect.poll(openSockets).toBeLessThanOrEqual(before);
  });
});
