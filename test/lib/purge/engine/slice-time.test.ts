import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Upstream } from '../../../../lib/purge/engine/ports.ts';
import { StudioError } from '../../../../lib/studio/errors.ts';
import { mortalSlice } from '../../../support/purge/mortal.ts';
import { createPurgedStudio, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createClock, createWorldOf, NOON, WELCOME, type World } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const TURNS = 20;

/** Until it is settled, the clock goes on second by second. */
async function passing<T>(
  { clock }: Pick<World, 'clock'>,
  promise: Promise<T>,
): Promise<{ result: T; tookMs: number }> {
  const startedMs = clock.nowMs;
  let settled = false;
  const done = promise.finally(() => {
    settled = true;
  });
  done.catch(() => undefined);
  while (!settled) {
    for (let turns = 0; turns < TURNS; turns++) await turn();
    if (!settled) clock.nowMs += 1_000;
    if (clock.nowMs - startedMs > 60 * MINUTE_MS) throw new Error('It does not end');
  }
  return { result: await done, tookMs: clock.nowMs - startedMs };
}

/** Never answers; ends with the signal, as the client does. */
function hanging(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = () => reject(new StudioError('aborted', 'ended', { operation: 'test' }));
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort);
  });
}

function seeded(count: number) {
  const studio = createPurgedStudio();
  for (let number = 0; number < count; number++)
    studio.add({
      sid: sidOf(number),
      flowSid: WELCOME,
      createdMs: NOON - 8 * DAY_MS - number * MINUTE_MS,
      active: number % 10 === 0,
    });
  return studio;
}

describe('a slice whose deletes never answer', () => {
  test.each([
    ['before the work', false],
    ['after the work', true],
  ])(
    '%s ends within a minute with its record written, and the next one counts each once',
    async (_when, isDone) => {
      const studio = seeded(600);
      let hangs = true;
      const upstream: Upstream = {
        ...studio.upstream,
        async delete(flow, sid, signal) {
          const isHung = hangs && Number.parseInt(sid.slice(-4), 16) % 20 === 0;
          if (isHung && !isDone) return hanging(signal);
          const result = await studio.upstream.delete(flow, sid);
          return isHung ? hanging(signal) : result;
        },
      };
      const world = createWorldOf(upstream);
      const id = await world.start({ olderThan: 'P7D', status: 'any' });

      const { result, tookMs } = await passing(world, world.slice(id));
      expect(result).toMatchObject({ status: 'running', added: { failed: 0 } });
      expect(tookMs).toBeLessThan(MINUTE_MS);
      const after = await world.record(id);
      expect(Date.parse(after.dateUpdated)).toBeGreaterThan(world.clock.nowMs - 2_000);
      expect(after.counts.failed).toBe(0);

      hangs = false;
      const record = await world.run(id);
      expect(record).toMatchObject({
        status: 'succeeded',
        counts: { listed: 600, matched: 600, ended: 60, deleted: 600, alreadyGone: 0, failed: 0 },
        digest: { count: 600 },
      });
      expect(world.memory.openBatches()).toEqual([]);
    },
  );

  test('for ever ends as failed, and says how many are in doubt', async () => {
    const studio = seeded(100);
    const world = createWorldOf({ ...studio.upstream, delete: (_flow, _sid, signal) => hanging(signal) });
    const id = await world.start({ olderThan: 'P7D' });
    const { result: record } = await passing(world, world.run(id));
    expect(record).toMatchObject({ status: 'failed', counts: { deleted: 0, failed: 0 } });
    expect(record.error).toBe(
      'Given up after many tries: nothing could be done in the time of a slice; of 90 executions it is not known whether they were acted on',
    );
  });

  test.each([true, false])(
    'counts what it knows of all the others when it ends (stopped: %s)',
    async (stops) => {
      const studio = seeded(600);
      const hangs = new Set([1, 2, 201].map(sidOf));
      const world = createWorldOf({
        ...studio.upstream,
        delete: (flow, sid, signal) => (hangs.has(sid) ? hanging(signal) : studio.upstream.delete(flow, sid)),
      });
      const id = await world.start({ olderThan: 'P7D' });
      const running = world.run(id);
      if (stops) world.clock.after(20_000, () => void world.memory.requestStop(id));
      const { result: record } = await passing(world, running);
      expect(record.status).toBe(stops ? 'stopped' : 'failed');
      expect(record.error).toMatch(/of 3 executions it is not known/);
      expect(record).toMatchObject({
        counts: { matched: 537, deleted: 537, failed: 0 },
        digest: { count: 537 },
      });
      expect(studio.in('deleted')).toHaveLength(537);
    },
  );

  test('stops within a minute of the wish all the same', async () => {
    const studio = seeded(100);
    const world = createWorldOf({ ...studio.upstream, delete: (_flow, _sid, signal) => hanging(signal) });
    const id = await world.start({ olderThan: 'P7D' });
    const running = world.run(id);
    // The wish comes in the middle of the first slice.
    world.clock.after(20_000, () => void world.memory.requestStop(id));
    const { result: record, tookMs } = await passing(world, running);
    expect(record.status).toBe('stopped');
    expect(record.error).toMatch(/^of \d+ executions it is not known/);
    expect(tookMs - 20_000).toBeLessThan(MINUTE_MS);
  });
});

test('a list that never answers ends the slice within a minute, and the purge goes on later', async () => {
  const studio = seeded(100);
  let hangs = true;
  const world = createWorldOf({
    ...studio.upstream,
    async *pages(flow, query, readAhead, signal) {
      if (hangs) await hanging(signal);
      yield* studio.upstream.pages(flow, query, readAhead);
    },
  });
  const id = await world.start({ olderThan: 'P7D' });
  const { result, tookMs } = await passing(world, world.slice(id));
  expect(result).toMatchObject({ status: 'running', pauseSeconds: 1 });
  expect(tookMs).toBeLessThan(MINUTE_MS);
  hangs = false;
  expect(await world.run(id)).toMatchObject({ status: 'succeeded', counts: { deleted: 90 } });
});

test('what a dead worker left is done once more in slices of a minute, however slow Studio has become', async () => {
  const studio = seeded(600);
  const clock = createClock();
  let slow = false;
  const world = createWorldOf(
    {
      ...studio.upstream,
      async delete(flow, sid) {
        if (slow) clock.nowMs += 1_000;
        return studio.upstream.delete(flow, sid);
      },
    },
    clock,
  );
  const id = await world.start({ olderThan: 'P7D' });
  expect(await mortalSlice(id, world.ports, { at: 150, when: 'after' })).toBeNull();
  slow = true;
  const updated: number[] = [clock.nowMs];
  const record = await world.run(id, async (purge) => {
    const result = await world.slice(purge);
    updated.push(Date.parse((await world.record(id)).dateUpdated));
    return result;
  });
  expect(record).toMatchObject({ status: 'succeeded', counts: { deleted: 540, alreadyGone: 0, failed: 0 } });
  for (const [index, atMs] of updated.entries())
    expect(atMs - (updated[index - 1] ?? atMs)).toBeLessThan(MINUTE_MS);
});
