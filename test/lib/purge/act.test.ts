import { describe, expect, test } from 'vitest';
import { createMemoryStudio, failure, sidOf } from './world/upstream.ts';
import { createWorldOf, NOON, WELCOME } from './world/world.ts';

const DAY_MS = 86_400_000;
const COUNT = 20;

describe('an execution that cannot be deleted', () => {
  test.each([
    ['had ended', false, 0],
    ['was active', true, 1],
  ])(
    'and %s is counted as ended no more often than it was, however often it is tried again',
    async (_what, active, ended) => {
      const studio = createMemoryStudio({
        before: (operation, sid) => {
          if (operation === 'delete' && sid === sidOf(0)) throw failure('conflict', 409, 20409);
        },
      });
      for (let number = 0; number < COUNT; number++)
        studio.add({
          sid: sidOf(number),
          flowSid: WELCOME,
          createdMs: NOON - 8 * DAY_MS - number * 60_000,
          active: active && number === 0,
        });
      const record = await createWorldOf(studio.upstream).purge({ olderThan: 'P7D', status: 'any' });
      expect(record.counts).toMatchObject({ matched: COUNT, deleted: COUNT - 1, failed: 1, ended });
      expect(record.failures).toEqual([{ sid: sidOf(0), reason: 'delete: conflict (20409)' }]);
    },
  );
});
