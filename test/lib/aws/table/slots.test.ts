import { describe, expect, test } from 'vitest';
import { createSlotStore } from '../../../../lib/aws/table/slots.ts';
import type { SlotStore } from '../../../../lib/purge/engine/ports.ts';
import { takeSlot } from '../../../../lib/purge/order/slots.ts';
import { createLimiterOf } from '../../../support/purge/ports/limiter.ts';
import { createMemorySlots } from '../../../support/purge/ports/slots.ts';
import { createMemoryPurges } from '../../../support/purge/ports/store.ts';
import { openTableAt, tableOfFile } from '../../../support/table.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const table = await tableOfFile();
const slot = (purge: string) => ({ purge, caller: 'bearer:tests', takenMs: NOW_MS });

describe.each<[string, () => SlotStore]>([
  ['the table', () => createSlotStore(table)],
  ['the memory of the tests', createMemorySlots],
])('slots in %s', (_where, open) => {
  test('are written only in place of what was read', async () => {
    const slots = open();
    expect(await slots.read()).toEqual({ slots: [], version: 0 });
    expect(await slots.write([slot('one')], 0)).toBe(true);
    expect(await slots.write([slot('late')], 0)).toBe(false);
    expect(await slots.read()).toEqual({ slots: [slot('one')], version: 1 });
    expect(await slots.write([slot('one'), slot('two')], 1)).toBe(true);
    expect(await slots.write([slot('late')], 1)).toBe(false);
    expect(await slots.read()).toEqual({ slots: [slot('one'), slot('two')], version: 2 });
  });
});

/** Whatever the order, no request beyond the bounds gets through. */
async function expectBounds(slots: SlotStore, requests: number, atOnce: number) {
  const store = createMemoryPurges();
  const taken: number[] = [];
  const all = Array.from({ length: requests }, (_, nth) => nth);
  await createLimiterOf(atOnce).each(all, async (nth) => {
    const caller = `bearer:${nth % 6}`;
    const { outcome } = await takeSlot({ slots, store, now: () => NOW_MS }, `purge ${nth}`, caller);
    if (outcome === 'taken') taken.push(nth);
  });
  const kept = (await slots.read()).slots;
  expect(kept.map(({ purge }) => purge).toSorted()).toEqual(taken.map((nth) => `purge ${nth}`).toSorted());
  expect(kept).toHaveLength(20);
  for (const own of Map.groupBy(kept, ({ caller }) => caller).values())
    expect(own.length).toBeLessThanOrEqual(5);
}

test('300 requests at once take 20 slots, 5 each', () => expectBounds(createMemorySlots(), 300, 300));

test('so do those whose answers get lost on their way from the table', async () => {
  const { client, name } = openTableAt((await tableOfFile()).url);
  let requests = 0;
  const repeated = new WeakSet<object>();
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      if (repeated.has(args.input) || ++requests % 7 !== 0) return answer;
      // The SDK sends it again.
      repeated.add(args.input);
      throw Object.assign(new Error('no answer'), { name: 'TimeoutError' });
    },
    { step: 'deserialize' },
  );
  await expectBounds(createSlotStore({ client, name }), 60, 6);
  client.destroy();
});
