import { expect, test } from 'vitest';
import type { PurgeRequest } from '../../../../lib/purge/record/record.ts';
import { mortalSlice } from '../../../support/purge/mortal.ts';
import { createPurgedStudio, type Quirks, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createClock, createWorldOf, NOON, SURVEY, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const EACH = 450;

/** Two flows; every fifth execution is the contact's, and every second of these is active. */
function erasureOver(quirks: Quirks, request: Partial<PurgeRequest> = {}, clock = createClock()) {
  const studio = createPurgedStudio({ ...quirks, clock });
  for (let number = 0; number < 2 * EACH; number++)
    studio.add({
      sid: sidOf(number),
      flowSid: number < EACH ? WELCOME : SURVEY,
      createdMs: NOON - 8 * DAY_MS - number * 60_000,
      address: number % 5 === 0 ? '+15551' : '+15552',
      active: number % 10 === 0,
    });
  const world = createWorldOf(studio.upstream, clock);
  return { ...world, id: world.start({ contact: '+15551', flows: 'all', ...request }) };
}

const ALL = { counts: { listed: 900, matched: 90, deleted: 90 }, activeLeft: 90 };

test.each<[string, Quirks]>([
  ['newest first', { pageSize: 50 }],
  ['oldest first, little at a time', { listOrder: 'oldest-first', pageSize: 10 }],
  ['in no order at all', { listOrder: 'none', pageSize: 20 }],
  ['with offset tokens, and late', { pageToken: 'offset', listLagMs: 5_000, pageSize: 20 }],
])('what is listed and left is counted once, whatever the order: %s', async (_name, quirks) => {
  const { run, id } = erasureOver(quirks);
  expect(await run(await id)).toMatchObject({ status: 'succeeded', ...ALL });
});

test('and however often a worker dies', async () => {
  for (let at = 2; at <= 30; at++) {
    const world = erasureOver({ pageToken: 'offset', pageSize: 30 });
    const id = await world.id;
    for (let deaths = 0; deaths < 2; deaths++) await mortalSlice(id, world.ports, { at, when: 'after' });
    expect(await world.run(id), `died at ${at}`).toMatchObject({ status: 'succeeded', ...ALL });
  }
});

test('and in many slices, where no last sweep counts it anew since the limit is reached', async () => {
  const clock = createClock();
  const before = (operation: string) => {
    if (operation === 'delete') clock.nowMs += 1_000;
  };
  const { run, id } = erasureOver({ pageSize: 200, before }, { status: 'any', limit: 179 }, clock);
  // What is listed and left is counted as far as batches were not cut.
  const { counts } = await run(await id);
  expect(counts).toMatchObject({ matched: 179, deleted: 179 });
  expect(counts.listed).toBeGreaterThan(800);
  expect(counts.listed).toBeLessThan(900);
});
