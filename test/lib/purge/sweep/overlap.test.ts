import { describe, expect, test } from 'vitest';
import { LOCK_LEASE_SECONDS, SLICE_MS } from '../../../../lib/purge/engine/limits.ts';
import type { Upstream } from '../../../../lib/purge/engine/ports.ts';
import { runSlice } from '../../../../lib/purge/engine/slice.ts';
import { type CallName, withEachCall } from '../../../support/purge/calls.ts';
import { mortalSlice } from '../../../support/purge/mortal.ts';
import { createPurgedStudio, failure, sidOf } from '../../../support/purge/studio/in-process.ts';
import { COUNT, seeded } from '../../../support/purge/studio/seeded.ts';
import { createWorldOf, NOON, SURVEY, WELCOME, type World } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const ALIVE = { at: 0, when: 'before' } as const;

/** Slice by slice in turn, until all are over. */
async function alternate(world: World, ids: readonly string[]): Promise<void> {
  const running = new Set(ids);
  for (let rounds = 0; running.size > 0; rounds++) {
    if (rounds > 100) throw new Error('They do not end');
    for (const id of running) if ((await world.slice(id)).status !== 'running') running.delete(id);
  }
}

const sumOf = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0);

describe('two purges of the same executions', () => {
  test('count each once, although both workers die with a batch under way', async () => {
    for (let at = 4; at < 500; at += 45) {
      const { studio, world } = seeded();
      const ids = [
        await world.start({ olderThan: 'P7D', status: 'any' }),
        await world.start({ olderThan: 'P8D', status: 'any' }),
      ];
      await Promise.all(ids.map((id) => mortalSlice(id, world.ports, { at, when: 'after' })));
      await alternate(world, ids);
      const records = await Promise.all(ids.map((id) => world.record(id)));
      expect(records.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
      expect({ at, deleted: sumOf(records.map(({ counts }) => counts.deleted)) }).toEqual({
        at,
        deleted: COUNT,
      });
      expect(sumOf(records.map(({ counts }) => counts.ended))).toBe(COUNT / 5);
      expect(sumOf(records.map(({ digest }) => digest.count))).toBe(COUNT);
      expect(studio.store.deletedWhileActive).toBe(0);
    }
  });

  test('share the flow by a lock: the one that waits changes nothing, looks again soon, and sees a stop request', async () => {
    const { world } = seeded();
    const [first, second] = [
      await world.start({ olderThan: 'P7D' }),
      await world.start({ olderThan: 'P7D' }),
    ];
    expect(await mortalSlice(first, world.ports, { at: 30, when: 'after' })).toBeNull();
    expect(await world.slice(second)).toMatchObject({
      status: 'running',
      awaitsLock: true,
      added: { deleted: 0 },
    });
    await world.memory.requestStop(second);
    expect(await world.slice(second)).toMatchObject({ status: 'stopped' });
    // The lock that was passed to it is no obstacle.
    expect((await world.run(first)).counts.deleted).toBe((COUNT * 4) / 5);
  });

  test('do not wait for one whose worker never came back', async () => {
    const { world } = seeded();
    const [first, second] = [
      await world.start({ olderThan: 'P7D' }),
      await world.start({ olderThan: 'P7D' }),
    ];
    expect(await mortalSlice(first, world.ports, { at: 30, when: 'after' })).toBeNull();
    expect(await world.slice(second)).toMatchObject({ status: 'running' });
    world.clock.nowMs += (LOCK_LEASE_SECONDS + 1) * 1_000;
    expect(await world.run(second)).toMatchObject({ status: 'succeeded' });
  });

  test('both claim what a killed worker had in flight, if it is repeated after its lease', async () => {
    const { studio, world } = seeded();
    const [first, second] = [
      await world.start({ olderThan: 'P7D', status: 'any' }),
      await world.start({ olderThan: 'P7D', status: 'any' }),
    ];
    expect(await mortalSlice(first, world.ports, { at: 30, when: 'after' })).toBeNull();
    const inFlight = world.memory.openBatches().flatMap(({ active, inactive }) => [...active, ...inactive]);
    const deletedBefore = studio.in('deleted').length;
    world.clock.nowMs += (LOCK_LEASE_SECONDS + 1) * 1_000;
    expect(await world.run(second)).toMatchObject({ counts: { deleted: COUNT - deletedBefore } });
    expect(await world.run(first)).toMatchObject({
      status: 'succeeded',
      counts: { matched: inFlight.length, deleted: inFlight.length, failed: 0 },
    });
    expect(studio.in('deleted')).toHaveLength(COUNT);
  });

  test('do not wait for a dry run, and a dry run for nobody', async () => {
    const { world } = seeded();
    const real = await world.start({ olderThan: 'P7D' });
    expect(await mortalSlice(real, world.ports, { at: 30, when: 'after' })).toBeNull();
    expect(await world.purge({ olderThan: 'P7D', dryRun: true })).toMatchObject({ status: 'succeeded' });
  });

  test('of different flows go on side by side', async () => {
    const { studio, world } = seeded();
    studio.add({ sid: sidOf(COUNT), flowSid: SURVEY, createdMs: NOON - 9 * DAY_MS });
    const busy = await world.start({ olderThan: 'P7D' });
    expect(await mortalSlice(busy, world.ports, { at: 30, when: 'after' })).toBeNull();
    expect((await world.purge({ flows: ['survey'], olderThan: 'P7D' })).counts.deleted).toBe(1);
  });
});

describe('one purge', () => {
  test('releases the lock before its last save, and not where another worker has taken over', async () => {
    const { world } = seeded();
    const id = await world.start({ olderThan: 'P7D' });
    const calls: CallName[] = [];
    const ports = withEachCall(world.ports, async (call, name) => {
      calls.push(name);
      return call();
    });
    await runSlice(id, ports, '1-1');
    expect(calls.filter((name) => name === 'locks.release')).toHaveLength(1);
    expect(calls.lastIndexOf('locks.release')).toBeLessThan(calls.lastIndexOf('store.save'));

    const next = await world.start({ olderThan: 'P7D' });
    const pages: Upstream['pages'] = async function* (...args) {
      // Another worker of the same purge begins meanwhile.
      await mortalSlice(next, world.ports, { at: 1, when: 'after', of: 'upstream.pages' });
      yield* world.ports.upstream.pages(...args);
    };
    const late = { ...world.ports, upstream: { ...world.ports.upstream, pages } };
    expect(await runSlice(next, late, '1-1')).toMatchObject({ status: 'superseded' });
    expect(await world.ports.locks.acquire(WELCOME, 'other', false)).toBe(false);
  });

  test('releases the lock when it is over', async () => {
    const { world } = seeded();
    await mortalSlice(await world.start({ olderThan: 'P7D' }), world.ports, ALIVE);
    expect(await world.ports.locks.acquire(WELCOME, 'other', false)).toBe(true);
  });

  test('keeps the lock of a flow while a retry of one of its executions is open', async () => {
    const studio = createPurgedStudio();
    for (const [number, flowSid] of [WELCOME, SURVEY].entries())
      studio.add({ sid: sidOf(number), flowSid, createdMs: NOON - 8 * DAY_MS });
    const tries = new Map<string, number>();
    const hung = Promise.withResolvers<void>();
    const world = createWorldOf({
      ...studio.upstream,
      async delete(flow, sid, signal) {
        const tried = (tries.get(sid) ?? 0) + 1;
        tries.set(sid, tried);
        if (tried === 1) throw failure('unavailable', 503, 20503);
        if (sid !== sidOf(0)) return studio.upstream.delete(flow, sid);
        hung.resolve();
        return new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(failure('aborted', 0, 0))),
        );
      },
    });
    const id = await world.start({ olderThan: 'P7D', flows: 'all' });
    const slice = world.slice(id);
    await hung.promise;
    world.clock.nowMs += SLICE_MS;
    expect(await slice).toMatchObject({ status: 'running' });
    expect(world.memory.openBatches().map(({ inactive }) => inactive)).toContainEqual([sidOf(0)]);
    expect(await world.ports.locks.acquire(WELCOME, 'other', false)).toBe(false);
    expect(tries.get(sidOf(1))).toBe(1);
  });
});
