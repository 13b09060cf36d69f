import { describe, expect, test } from 'vitest';
import type { SliceResult } from '../../../../lib/purge/engine/conclude.ts';
import { runPurge } from '../../../../lib/purge/engine/run.ts';
import { runSlice } from '../../../../lib/purge/engine/slice.ts';
import { NO_COUNTS } from '../../../../lib/purge/record/record.ts';
import { createPurgedStudio, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** A purge's run over slices that come to this, one after the other, and the pauses it makes. */
async function pausesOf(slices: readonly Partial<SliceResult>[]) {
  const pauses: number[] = [];
  const left = [...slices];
  const steps = {
    step: <T>(_name: string, work: () => Promise<T>) => work(),
    wait: async (_name: string, seconds: number) => void pauses.push(seconds),
  };
  await runPurge('pu1', steps, {
    slice: async () => {
      const slice = left.shift() ?? { status: 'succeeded' };
      return { status: 'running', pauseSeconds: 0, added: NO_COUNTS, ...slice };
    },
    startNext: async () => undefined,
    abandon: async (_purge, error) => {
      throw new Error(error);
    },
    ended: () => undefined,
  });
  return pauses;
}

describe('waiting for a turn', () => {
  const waits = { awaitsLock: true } as const;

  test('looks for it less and less often, and often again once it was there', async () => {
    expect(await pausesOf([waits, waits, waits, waits, waits, {}, waits])).toEqual([2, 4, 8, 15, 15, 2]);
  });

  test('for hours takes few operations and few writes, and the record does not look as if nobody was there', async () => {
    const studio = createPurgedStudio();
    studio.add({ sid: sidOf(0), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS });
    const world = createWorldOf(studio.upstream);
    const id = await world.start({ olderThan: 'P7D' });
    await world.ports.locks.acquire(WELCOME, 'another', false);
    const startedMs = world.clock.nowMs;
    const writes = world.memory.writes;
    let silentMs = 0;
    let slices = 0;
    const record = await world.run(id, async (purge) => {
      slices += 1;
      // The other one is at work all the time.
      if (world.clock.nowMs - startedMs > HOUR_MS) await world.ports.locks.release(WELCOME, 'another');
      else await world.ports.locks.acquire(WELCOME, 'another', false);
      const { dateUpdated } = await world.record(purge);
      silentMs = Math.max(silentMs, world.clock.nowMs - Date.parse(dateUpdated));
      return runSlice(purge, world.ports, '1-1');
    });
    expect(record).toMatchObject({ status: 'succeeded', counts: { deleted: 1 } });
    // A step and a pause each: 480 an hour of the 1,800 that a run has.
    expect(slices).toBeLessThan(250);
    expect(silentMs).toBeLessThan(10 * 60_000);
    expect(world.memory.writes - writes).toBeLessThan(25);
  });
});

test('a purge that another worker goes on with is left to it, but not at the first sign', async () => {
  const superseded = { status: 'superseded', pauseSeconds: 5 } as const;
  expect(await pausesOf([superseded, superseded, {}, superseded])).toEqual([5, 5, 5]);
  expect(await pausesOf(Array(20).fill(superseded))).toEqual([5, 5, 5, 5, 5]);
});
