import { createWorldOf, NOON, WELCOME } from '../world.ts';
import { createPurgedStudio, sidOf } from './in-process.ts';

const DAY_MS = 86_400_000;

/** Few enough to die, or to overlap, everywhere, and enough for several batches, two of them at a time. */
export const COUNT = 450;

/** Every fifth of them. */
export const ACTIVE = COUNT / 5;

/** A minute apart, over eight days old, some of them active; pages are of 300, their tokens offsets. */
export function seeded() {
  const studio = createPurgedStudio({ pageToken: 'offset', pageSize: 300 });
  for (let number = 0; number < COUNT; number++)
    studio.add({
      sid: sidOf(number),
      flowSid: WELCOME,
      createdMs: NOON - 8 * DAY_MS - number * 60_000,
      active: number % (COUNT / ACTIVE) === 0,
    });
  return { studio, world: createWorldOf(studio.upstream) };
}
