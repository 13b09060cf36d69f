import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SimulatedStudio } from '../../../../infra/simulator/options.ts';
import { startSimulatedStudio } from '../../../../infra/simulator/server.ts';
import { createStudio, type Studio, type StudioOptions } from '../../../../lib/studio/client.ts';
import { createLimiter } from '../../../../lib/studio/limiter/limiter.ts';
import { makeCertificate } from '../../../support/certificate.ts';
import { ACCOUNT, collect, failureOf } from '../../../support/studio/stories.ts';

/** What a simulated Studio can do to a client, and that every time it ends well, or in a typed error, soon. */

const FLOW = `FW${'a'.repeat(32)}`;
const person = { to: '+15005550006', from: '+15017122661' };
const HUGE_MS = 5_000;

let simulated: SimulatedStudio;
const studios: Studio[] = [];

beforeEach(async () => {
  simulated = await startSimulatedStudio();
  simulated.store.seed({ flowSid: FLOW, count: 120 });
});

afterEach(async () => {
  await Promise.all(studios.splice(0).map((studio) => studio.close()));
  await simulated.close();
});

function client(options: Partial<StudioOptions> = {}): Studio {
  const studio = createStudio({
    ...ACCOUNT,
    baseUrl: simulated.url,
    sleep: async () => undefined,
    ...options,
  });
  studios.push(studio);
  return studio;
}

describe('a list', () => {
  test.each([
    ['repeated-cursor', 'nonsense'],
    ['repeated-page', 'nonsense'],
    ['empty-pages', 'nonsense'],
  ] as const)('with %s ends in %s', async (paging, kind) => {
    simulated.behave({ paging });
    const startedAt = performance.now();
    expect(await failureOf(collect(client().executions.list(FLOW, { pageSize: 50 })))).toMatchObject({
      kind,
    });
    expect(performance.now() - startedAt).toBeLessThan(HUGE_MS);
  });

  test.each(['honest', 'relative-url', 'foreign-host', 'empty-last-page'] as const)(
    'with %s URLs is whole',
    async (paging) => {
      for (const pageToken of ['keyset', 'offset'] as const) {
        simulated.behave({ paging, pageToken });
        expect(await collect(client().executions.list(FLOW, { pageSize: 50 }))).toHaveLength(120);
      }
    },
  );

  test.each([
    ['html', { status: 200 }, 'nonsense'],
    ['other-json', {}, 'nonsense'],
    ['truncated-json', {}, 'nonsense'],
    ['endless-body', {}, 'nonsense'],
    ['huge-body', {}, 'nonsense'],
    ['dripping-body', {}, 'timeout'],
    ['hang', {}, 'timeout'],
    ['cut', {}, 'connection'],
    ['cut-body', {}, 'connection'],
    ['html', { status: 502 }, 'unavailable'],
    ['throttle', {}, 'throttled'],
  ] as const)('whose second page is %s %j ends in %s', async (kind, details, wanted) => {
    simulated.behave({ faults: [{ kind, after: 1, ...details }] });
    const startedAt = performance.now();
    const timeoutMs = wanted === 'timeout' ? 300 : HUGE_MS;
    const error = await failureOf(
      collect(client().executions.list(FLOW, { pageSize: 50 }, { timeoutMs, readAhead: false })),
    );
    expect(error.kind).toBe(wanted);
    expect(performance.now() - startedAt).toBeLessThan(HUGE_MS);
  });

  test.each(['cut', 'cut-body', 'throttle', 'error'] as const)(
    'goes on over a %s at every other request',
    async (kind) => {
      simulated.behave({ faults: [{ kind, every: 2 }] });
      expect(await collect(client().executions.list(FLOW, { pageSize: 20 }))).toHaveLength(120);
    },
  );

  test('that ignores the status is filtered here', async () => {
    await client().executions.create(FLOW, person);
    simulated.behave({ ignoreStatusFilter: true });
    expect(await collect(client().executions.list(FLOW, { status: 'active' }))).toHaveLength(1);
  });
});

describe('a create', () => {
  test.each([
    ['cut', 'done', 1],
    ['cut', 'undone', 0],
    ['error', 'done', 1],
    ['html', 'done', 1],
    ['hang', 'done', 1],
    ['cut-body', 'done', 1],
    ['truncated-json', 'done', 1],
  ] as const)('whose answer is %s, the work %s, is unknown and was sent once', async (kind, work, made) => {
    simulated.behave({ faults: [{ kind, work }] });
    const outcome = await client().executions.create(FLOW, person, { timeoutMs: 1_000 });
    expect(outcome.outcome).toBe('unknown');
    expect(simulated.requests.filter(({ method }) => method === 'POST').length).toBeLessThanOrEqual(1);
    expect([...simulated.store.list({ flowSid: FLOW, contact: person.to })]).toHaveLength(made);
  });

  test('never meets a connection that was used before', async () => {
    simulated.behave({ faults: [{ kind: 'cut', reusedSocketOnly: true, operations: ['CreateExecution'] }] });
    const studio = client();
    for (let index = 0; index < 10; index += 1) {
      const outcome = await studio.executions.create(FLOW, { ...person, to: `+1500555100${index}` });
      expect(outcome.outcome).toBe('created');
    }
  });

  test('that is throttled is repeated until it goes through, and happens once', async () => {
    simulated.behave({ faults: [{ kind: 'throttle', times: 3 }] });
    expect((await client().executions.create(FLOW, person)).outcome).toBe('created');
    expect([...simulated.store.list({ flowSid: FLOW, contact: person.to })]).toHaveLength(1);
  });
});

describe('connections', () => {
  test('that were closed while they were idle are noticed or replaced', async () => {
    const studio = client();
    for (let index = 0; index < 5; index += 1) {
      expect(await collect(studio.executions.list(FLOW, { limit: 1 }))).toHaveLength(1);
      simulated.closeIdleConnections();
    }
  });

  test('may be TLS, and are refused when the certificate is nobody’s', async () => {
    const secure = await startSimulatedStudio({ tls: makeCertificate() });
    const error = await failureOf(client({ baseUrl: secure.url }).flows.fetch(FLOW));
    expect(error).toMatchObject({ kind: 'connection', sent: false });
    await secure.close();
  });

  test('may lead to a Studio below a path', async () => {
    const prefixed = await startSimulatedStudio({ prefix: '/twilio' });
    prefixed.store.seed({ flowSid: FLOW, count: 7 });
    expect(
      await collect(client({ baseUrl: prefixed.url }).executions.list(FLOW, { pageSize: 3 })),
    ).toHaveLength(7);
    await prefixed.close();
  });
});

describe('adaptive concurrency', () => {
  // Some 600 a second: Studio's limit is to be what holds it up, and not the processor of a busy machine.
  test.each([
    [3, 5],
    [12, 20],
  ])(
    'deletes all there is where %i are allowed at once, and is seldom refused',
    async (maxInFlight, latencyMs) => {
      simulated.store.seed({ flowSid: FLOW, count: 500 });
      simulated.behave({ maxInFlight, latencyMs });
      const studio = client();
      const limiter = createLimiter();
      const all = await collect(studio.executions.list(FLOW, { pageSize: 1_000 }));
      const outcomes = await Promise.all(
        all.map(({ sid }) => limiter.run(() => studio.executions.delete(FLOW, sid, { limiter }))),
      );
      expect(outcomes.every(({ outcome }) => outcome === 'deleted')).toBe(true);
      expect(await collect(studio.executions.list(FLOW))).toEqual([]);
      const { requests, throttled } = simulated.statistics();
      expect(throttled / requests).toBeLessThan(0.04);
      expect(limiter.limits.inFlight).toBeLessThanOrEqual(2 * maxInFlight);
    },
  );
});
