import { describe, expect, test } from 'vitest';
import { KEEP_MS, LEASE_MS } from '../../../lib/idempotency/claims.ts';
import { CORRELATION_PARAMETER } from '../../../lib/trigger/correlation.ts';
import { FLOW } from '../../support/trigger/studio.ts';
import { BODY, type Boundary, CONTACT, createWorld, WELCOME } from '../../support/trigger/world.ts';

const UNCORRELATED = { flow: { ...WELCOME, correlation: false } };
const _OTHER_FLOW = `FW${'b'.repeat(32)}`;

describe('a request that its signature identifies', () => {
  const under = (unsignedKey: string | null) => ({ idempotencyKey: 'signed:1', unsignedKey });

  test.each([
    ['a header, then none', 'k', null, 'created'],
    ['the same header twice', 'k', 'k', 'created'],
    ['no header twice', null, null, 'created'],
    ['a header, then another', 'k', 'l', 'signature-replayed'],
    ['no header, then one', null, 'k', 'signature-replayed'],
  ])('with %s: one execution', async (_, first, second, outcome) => {
    const { clock, studio, send, deliver } = createWorld();
    studio.runsForMs = 1;
    expect(await send(under(first))).toMatchObject({ outcome: 'created', replayed: false });
    const again = await send(under(second));
    expect(again?.outcome).toBe(outcome);
    if (outcome === 'created') expect(again).toMatchObject({ replayed: true });
    await clock.run(Promise.all([deliver(under('m')), deliver(under(null)), deliver(under('k'))]));
    expect(studio.runs).toHaveLength(1);
  });

  test.each([
    ['two headers', 'k', 'l'],
    ['a header and none', 'k', null],
  ])('at once with %s: one execution', async (_, one, other) => {
    const { clock, studio, deliver } = createWorld();
    studio.runsForMs = 1;
    const answers = await clock.run(Promise.all([deliver(under(one)), deliver(under(other))]));
    const refused = other === null ? 'in-progress' : 'signature-replayed';
    expect(answers.map((answer) => answer?.outcome)).toEqual(['created', refused]);
    expect(studio.runs).toHaveLength(1);
  });

  test('stays known by the header that it came with first, after the first one was abandoned', async () => {
    const { clock, studio, deliver, send } = createWorld();
    studio.runsForMs = 1;
    const dying = deliver(under('k'), { stop: { boundary: 'after create' } });
    await clock.run(dying);
    await clock.pass(LEASE_MS);
    expect((await send(under('l')))?.outcome).toBe('signature-replayed');
    expect(await send(under(null))).toMatchObject({ outcome: 'created' });
    expect((await send(under('l')))?.outcome).toBe('signature-replayed');
    expect(studio.runs).toHaveLength(1);
  });
});

describe('a key that is delivered again', () => {
  test('creates one execution, and answers the same again', async () => {
    const { studio, send } = createWorld();
    const first = await send();
    const second = await send();
    expect(first).toMatchObject({
      outcome: 'created',
      replayed: false,
      execution: { contactChannelAddress: CONTACT },
    });
    expect(second).toMatchObject({
      outcome: 'created',
      replayed: true,
      execution: { sid: studio.runs[0]?.sid },
    });
    expect(second).toMatchObject({
      execution: { contactChannelAddress: CONTACT, dateCreated: expect.any(String) },
    });
    expect(studio.runs).toHaveLength(1);
    expect(studio.creates).toBe(1);
  });

  test('creates one also when the flow ends within a second, which Studio itself does not protect', async () => {
    const { studio, send } = createWorld();
    studio.runsForMs = 500;
    await send();
    await send();
    expect(studio.runs).toHaveLength(1);
  });

  test('ten times at once creates one; the others are told to come back', async () => {
    const { clock, studio, deliver } = createWorld();
    const answers = await clock.run(Promise.all(Array.from({ length: 10 }, () => deliver())));
    const outcomes = answers.map((answer) => answer?.outcome).sort();
    expect(outcomes).toEqual(['created', ...Array.from({ length: 9 }, () => 'in-progress')]);
    expect(studio.runs).toHaveLength(1);
  });

  test('with another payload is refused, while the first runs and afterwards', async () => {
    const { clock, studio, deliver, send } = createWorld();
    const other = { body: { ...BODY, to: '+15550002222' } };
    const [first, second] = await clock.run(Promise.all([deliver(), deliver(other)]));
    expect([first?.outcome, second?.outcome]).toEqual(['created', 'key-reused']);
    expect((await send(other))?.outcome).toBe('key-reused');
    expect(studio.runs).toHaveLength(1);
  });

  test('by another caller, or to another route, is another key', async () => {
    const { studio, send } = createWorld();
    studio.runsForMs = 1;
    await send();
    expect((await send({ caller: 'bearer:other' }))?.outcome).toBe('created');
    expect((await send({ route: 'POST /purges' }))?.outcome).toBe('created');
    expect(studio.runs).toHaveLength(3);
  });

  test('is remembered for a day, and forgotten after it although the table still has it', async () => {
    const { clock, studio, claims, send } = createWorld();
    studio.runsForMs = 1;
    await send();
    await clock.pass(24 * 60 * 60_000);
    expect(await send()).toMatchObject({ replayed: true });
    await clock.pass(KEEP_MS);
    expect(claims.records.size).toBe(1);
    expect(await send()).toMatchObject({ outcome: 'created', replayed: false });
    expect(studio.runs).toHaveLength(2);
  });

  test('is not known without a key', async () => {
    const { studio, claims, send } = createWorld();
    studio.runsForMs = 1;
    await send({ idempotencyKey: null });
    await send({ idempotencyKey: null });
    expect(studio.runs).toHaveLength(2);
    expect(claims.records.size).toBe(0);
  });
});

describe('a request that cannot be sent', () => {
  test('names every mistake, and nothing is claimed or sent', async () => {
    const { studio, claims, send } = createWorld();
    const { from: _, ...senderless } = WELCOME;
    const body = { ...BODY, parameters: { [CORRELATION_PARAMETER]: 'mine' } };
    expect(await send({ flow: senderless, body })).toMatchObject({
      outcome: 'invalid',
      mistakes: [{ pointer: `#/parameters/${CORRELATION_PARAMETER}` }, { pointer: '#/from' }],
    });
    expect(studio.calls).toEqual([]);
    expect(claims.records.size).toBe(0);
  });
});

describe('what is written down', () => {
  test('names no address, no key, no parameter and no secret', async () => {
    const { claims, send } = createWorld();
    await send({ idempotencyKey: 'order-4711' });
    const written = JSON.stringify([...claims.records]);
    for (const secret of [CONTACT, CONTACT.slice(1), 'Ada', 'order-4711', 'local'])
      expect(written).not.toContain(secret);
  });

  test('the correlation value says nothing about the key and leaves the other parameters alone', async () => {
    const { studio, send } = createWorld();
    await send({ idempotencyKey: 'order-4711' });
    const { [CORRELATION_PARAMETER]: correlation, ...rest } = studio.runs[0]?.parameters ?? {};
    expect(rest).toEqual({ name: 'Ada' });
    expect(correlation).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  test('a flow that wants no correlation gets none', async () => {
    const { studio, send } = createWorld();
    await send(UNCORRELATED);
    expect(studio.runs[0]?.parameters).toEqual({ name: 'Ada' });
  });
});

describe('an answer that was lost', () => {
  test('is found by its correlation value in the same request', async () => {
    const { studio, send } = createWorld();
    studio.fates = ['lost-after'];
    expect(await send()).toMatchObject({ outcome: 'created', execution: { sid: studio.runs[0]?.sid } });
    expect(studio.creates).toBe(1);
    expect(await send()).toMatchObject({ outcome: 'created', replayed: true });
  });

  test('is found in a context that is a JSON string, and in either of the two places', async () => {
    for (const place of ['flow', 'trigger']) {
      const { studio, send } = createWorld();
      studio.fates = ['lost-after'];
      studio.contextOf = ({ parameters }) =>
        JSON.stringify(
          place === 'flow' ? { flow: { data: parameters } } : { trigger: { request: { parameters } } },
        );
      expect((await send())?.outcome).toBe('created');
      expect(studio.creates).toBe(1);
    }
  });

  test('is not taken for another execution of the same contact', async () => {
    const { studio, send } = createWorld();
    studio.start(CONTACT, FLOW, { [CORRELATION_PARAMETER]: 'somebody-elses' }).status = 'ended';
    studio.fates = ['lost-before'];
    expect((await send())?.outcome).toBe('unknown');
  });

  test('is found when Studio does the work seconds after the client gave up', async () => {
    const { studio, send } = createWorld();
    studio.fates = [{ lateMs: 8_000 }];
    expect((await send())?.outcome).toBe('created');
    expect(studio.creates).toBe(1);
  });

  test('stays open when nothing is found, and the next request settles it when Studio did the work late', async () => {
    const { clock, studio, send } = createWorld();
    studio.fates = [{ lateMs: 25_900 }];
    const first = await send();
    expect(first).toMatchObject({ outcome: 'unknown', retryAfterMs: expect.any(Number) });
    await clock.pass(20_000);
    expect((await send())?.outcome).toBe('created');
    expect(studio.runs).toHaveLength(1);
  });

  test('without any work done is created anew, but not before it is proven that nothing will come', async () => {
    const { clock, studio, send } = createWorld();
    studio.fates = ['lost-before'];
    const sentAtMs = clock.now();
    const first = await send();
    expect(first).toMatchObject({ outcome: 'unknown', repeatable: true });
    expect(await send()).toMatchObject({ outcome: 'unknown' });
    expect(studio.creates).toBe(1);
    await clock.pass(first?.outcome === 'unknown' ? first.retryAfterMs : 0);
    expect((await send())?.outcome).toBe('created');
    expect(studio.creates).toBe(2);
    expect((studio.runs[0]?.createdMs ?? 0) - sentAtMs).toBeGreaterThan(26_000);
  });

  test('leaves behind when it was sent, and its key free to go on with at once', async () => {
    const { clock, studio, claims, send } = createWorld();
    studio.fates = ['lost-before'];
    const startMs = clock.now();
    await send();
    const [left] = claims.records.values();
    expect(left?.sendInterval.fromMs).toBe(startMs);
    expect((left?.sendInterval.untilMs ?? 0) - startMs).toBeLessThan(4_000);
    expect(left?.leaseUntilMs).toBeLessThanOrEqual(clock.now());
  });

  test('is not decided by a list or a context that fails', async () => {
    const { clock, studio, send } = createWorld();
    studio.fates = ['lost-after'];
    studio.readFaults = Array.from({ length: 60 }, () => 'unavailable' as const);
    expect((await send())?.outcome).toBe('unknown');
    await clock.pass(60_000);
    expect((await send())?.outcome).toBe('unknown');
    studio.readFaults = [];
    expect((await send())?.outcome).toBe('created');
    expect(studio.creates).toBe(1);
  });

  test('that no list shows is recognised by the conflict it makes', async () => {
    const { clock, studio, send } = createWorld();
    const list = studio.list;
    studio.list = (flow) => list(flow, { dateCreatedFrom: '2100-01-01T00:00:00Z' });
    studio.fates = ['lost-after'];
    expect((await send())?.outcome).toBe('unknown');
    await clock.pass(60_000);
    expect(await send()).toMatchObject({ outcome: 'created', execution: { sid: studio.runs[0]?.sid } });
    expect(studio.runs).toHaveLength(1);
  });

  test('stays open for a flow without correlation as soon as anything could be it', async () => {
    const { clock, studio, send } = createWorld();
    studio.fates = ['lost-after'];
    expect((await send(UNCORRELATED))?.outcome).toBe('unknown');
    await clock.pass(120_000);
    expect((await send(UNCORRELATED))?.outcome).toBe('unknown');
    expect(studio.creates).toBe(1);
  });

  test('is created anew for a flow without correlation when there is nothing that could be it', async () => {
    const { clock, studio, send } = createWorld();
    studio.fates = ['lost-before'];
    studio.start('+15550002222');
    expect((await send(UNCORRELATED))?.outcome).toBe('unknown');
    await clock.pass(60_000);
    expect((await send(UNCORRELATED))?.outcome).toBe('created');
    expect(studio.creates).toBe(2);
  });

  test('without a key is looked for within the request', async () => {
    const { studio, send } = createWorld();
    studio.fates = ['lost-after'];
    expect((await send({ idempotencyKey: null }))?.outcome).toBe('created');
    studio.fates = ['lost-before'];
    studio.runsForMs = 1;
    expect((await send({ idempotencyKey: null }))?.outcome).toBe('unknown');
  });
});

describe('a process that dies', () => {
  const deaths: { boundary: Boundary; created: boolean }[] = [
    { boundary: 'before claim', created: false },
    { boundary: 'after claim', created: false },
    { boundary: 'before create', created: false },
    { boundary: 'after create', created: true },
    { boundary: 'before update', created: true },
    { boundary: 'after update', created: true },
  ];
  test.each(deaths)('$boundary leaves one execution behind in the end', async ({ boundary, created }) => {
    const { clock, studio, send } = createWorld();
    studio.runsForMs = 500;
    expect(await send({}, { stop: { boundary } })).toBeNull();
    expect(studio.runs).toHaveLength(created ? 1 : 0);
    await clock.pass(LEASE_MS);
    expect((await send())?.outcome).toBe('created');
    expect((await send())?.outcome).toBe('created');
    expect(studio.runs).toHaveLength(1);
  });

  test('keeps others out until its lease ends', async () => {
    const { clock, studio, send } = createWorld();
    await send({}, { stop: { boundary: 'before create' } });
    expect((await send())?.outcome).toBe('in-progress');
    await clock.pass(LEASE_MS);
    expect((await send())?.outcome).toBe('created');
    expect(studio.creates).toBe(1);
  });

  test('during a second attempt is followed by a third', async () => {
    const { clock, studio, send } = createWorld();
    studio.runsForMs = 500;
    await send({}, { stop: { boundary: 'before create' } });
    await clock.pass(LEASE_MS);
    await send({}, { stop: { boundary: 'after create' } });
    await clock.pass(LEASE_MS);
    expect((await send())?.outcome).toBe('created');
    expect(studio.runs).toHaveLength(1);
  });

  test('is resumed by one of those who come at once', async () => {
    const { clock, studio, deliver, send } = createWorld();
    await send({}, { stop: { boundary: 'before create' } });
    await clock.pass(LEASE_MS);
    const answers = await clock.run(Promise.all([deliver(), deliver(), deliver()]));
    expect(answers.map((answer) => answer?.outcome).sort()).toEqual([
      'created',
      'in-progress',
      'in-progress',
    ]);
    expect(studio.runs).toHaveLength(1);
  });
});

describe('a process that slept', () => {
  test('through its lease does not create any more when another one did', async () => {
    const { clock, studio, deliver, send } = createWorld();
    studio.runsForMs = 500;
    const sleeper = deliver(
      { deadlineMs: clock.now() + 120_000 },
      { stop: { boundary: 'after claim', forMs: 90_000 } },
    );
    await clock.pass(60_000);
    expect((await send())?.outcome).toBe('created');
    expect((await clock.run(sleeper))?.outcome).toBe('in-progress');
    expect(studio.runs).toHaveLength(1);
  });

  test('through its lease goes on when nobody else came', async () => {
    const { clock, studio, deliver } = createWorld();
    const request = { deadlineMs: clock.now() + 120_000 };
    const sleeper = deliver(request, { stop: { boundary: 'after claim', forMs: 90_000 } });
    expect((await clock.run(sleeper))?.outcome).toBe('created');
    expect(studio.runs).toHaveLength(1);
  });

  test('while it renewed its claim does not create any more when another one did', async () => {
    const { clock, studio, deliver, send } = createWorld();
    studio.runsForMs = 500;
    const stop = { boundary: 'after update', forMs: 90_000 } as const;
    const sleeper = deliver({ deadlineMs: clock.now() + 240_000 }, { stop, tableLatencyMs: () => 8_000 });
    await clock.pass(75_000);
    expect((await send())?.outcome).toBe('created');
    await clock.run(sleeper);
    expect(studio.runs).toHaveLength(1);
  });

  test('past its deadline sends nothing for a caller who has gone', async () => {
    const { clock, studio, claims, deliver } = createWorld();
    const sleeper = deliver({}, { stop: { boundary: 'after claim', forMs: 90_000 } });
    expect((await clock.run(sleeper))?.outcome).toBe('out-of-time');
    expect(studio.creates).toBe(0);
    expect(claims.records.size).toBe(0);
  });
});

describe('a table in trouble', () => {
  test('means no create when the key cannot be claimed', async () => {
    const { studio, send } = createWorld();
    expect((await send({}, { tableFaults: new Map([[1, 'before']]) }))?.outcome).toBe('unavailable');
    expect(studio.creates).toBe(0);
    expect((await send())?.outcome).toBe('created');
  });

  test('means no create when it is not known whether the key was claimed', async () => {
    const { clock, studio, send } = createWorld();
    expect((await send({}, { tableFaults: new Map([[1, 'after']]) }))?.outcome).toBe('unavailable');
    expect(studio.creates).toBe(0);
    await clock.pass(LEASE_MS);
    expect((await send())?.outcome).toBe('created');
    expect(studio.creates).toBe(1);
  });

  test('after the create does not hide the execution, and a later delivery finds it', async () => {
    const { clock, studio, troubles, send } = createWorld();
    studio.runsForMs = 500;
    expect((await send({}, { tableFaults: new Map([[2, 'before']]) }))?.outcome).toBe('created');
    expect(troubles).toHaveLength(1);
    await clock.pass(LEASE_MS);
    expect((await send())?.outcome).toBe('created');
    expect(studio.runs).toHaveLength(1);
  });
});
