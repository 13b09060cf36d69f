import { describe, expect, test } from 'vitest';
import { StudioError } from '../../../lib/studio/errors.ts';
import { BODY, CONTACT, createWorld, WELCOME } from '../../support/trigger/world.ts';

const _UNCORRELATED = { flow: { ...WELCOME, correlation: false } };
const OTHER_FLOW = `FW${'b'.repeat(32)}`;

describe('what Studio refuses', () => {
  test('with 429 is repeated within the request', async () => {
    const { studio, send } = createWorld();
    studio.fates = ['throttled', 'throttled', 'throttled'];
    expect((await send())?.outcome).toBe('created');
    expect(studio.creates).toBe(4);
  });

  test('with 429 throughout is told, and the key is free again', async () => {
    const { studio, claims, send } = createWorld();
    studio.fates = Array.from({ length: 100 }, () => 'throttled' as const);
    expect(await send()).toMatchObject({ outcome: 'throttled', retryAfterMs: expect.any(Number) });
    expect(claims.records.size).toBe(0);
    studio.fates = [];
    expect((await send())?.outcome).toBe('created');
    expect(studio.runs).toHaveLength(1);
  });

  test('for good is told, and the key is free again', async () => {
    const { studio, claims, send } = createWorld();
    studio.fates = ['rejected'];
    expect(await send()).toMatchObject({ outcome: 'refused', error: { kind: 'rejected' } });
    expect(claims.records.size).toBe(0);
  });
});

describe('a contact that has an active execution', () => {
  test('is told by default, and nothing is kept', async () => {
    const { studio, claims, send } = createWorld();
    const active = studio.start(CONTACT);
    expect(await send()).toEqual({ outcome: 'conflict', conflictingExecutionSid: active.sid });
    expect(claims.records.size).toBe(0);
    active.status = 'ended';
    expect((await send())?.outcome).toBe('created');
  });

  test('gets it back with return, and again', async () => {
    const { studio, send } = createWorld();
    const active = studio.start(CONTACT);
    expect(await send({ body: { ...BODY, onConflict: 'return' } })).toMatchObject({
      outcome: 'existing',
      execution: { sid: active.sid },
    });
    active.status = 'ended';
    expect(await send({ body: { ...BODY, onConflict: 'return' } })).toMatchObject({
      outcome: 'existing',
      replayed: true,
    });
    expect(studio.runs).toHaveLength(1);
  });

  test('has it ended and checked with replace', async () => {
    const { studio, send } = createWorld();
    const active = studio.start(CONTACT);
    expect((await send({ body: { ...BODY, onConflict: 'replace' } }))?.outcome).toBe('replaced');
    expect(active.status).toBe('ended');
    expect(studio.calls.filter((call) => ['end', 'fetch', 'create'].includes(call))).toEqual([
      'create',
      'fetch',
      'end',
      'fetch',
      'create',
    ]);
  });

  test.each(['return', 'replace'] as const)(
    'under another flow is reported and not touched with %s',
    async (onConflict) => {
      const { studio, claims, send } = createWorld();
      const elsewhere = studio.start(CONTACT, OTHER_FLOW);
      expect(await send({ body: { ...BODY, onConflict } })).toEqual({
        outcome: 'conflict',
        conflictingExecutionSid: elsewhere.sid,
      });
      expect(elsewhere.status).toBe('active');
      expect(claims.records.size).toBe(0);
    },
  );

  test('that does not end is reported and not replaced', async () => {
    const { studio, send } = createWorld();
    const stubborn = studio.start(CONTACT);
    studio.end = async () => ({ outcome: 'already-ended', afterLostResponse: false });
    expect(await send({ body: { ...BODY, onConflict: 'replace' } })).toEqual({
      outcome: 'conflict',
      conflictingExecutionSid: stubborn.sid,
    });
    expect(studio.runs).toHaveLength(1);
  });

  test('that Studio refuses to end is reported and not replaced', async () => {
    const { studio, claims, send } = createWorld();
    const refused = studio.start(CONTACT);
    studio.end = async () => {
      throw new StudioError('conflict', 'conflict', { operation: 'test', status: 409, code: 20409 });
    };
    expect(await send({ body: { ...BODY, onConflict: 'replace' } })).toEqual({
      outcome: 'conflict',
      conflictingExecutionSid: refused.sid,
    });
    expect(studio.runs).toHaveLength(1);
    expect(claims.records.size).toBe(0);
  });

  test('whose replacement got lost is replaced once', async () => {
    const { studio, send } = createWorld();
    studio.start(CONTACT);
    studio.fates = ['done', 'lost-after'];
    expect((await send({ body: { ...BODY, onConflict: 'replace' } }))?.outcome).toBe('replaced');
    expect(studio.runs).toHaveLength(2);
  });
});
