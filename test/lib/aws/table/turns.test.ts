import { describe, expect, test } from 'vitest';
import { createTurnStore } from '../../../../lib/aws/table/turns.ts';
import type { TurnStore } from '../../../../lib/purge/engine/ports.ts';
import { createMemoryTurns } from '../../../support/purge/turns.ts';
import { tableOfFile } from '../../../support/table.ts';

const table = await tableOfFile();

let flows = 0;
const implementations: [string, () => TurnStore][] = [
  ['in the table', () => createTurnStore(table, () => Date.UTC(2026, 0, 1))],
  ['in memory', createMemoryTurns],
];

describe.each(implementations)('turns %s', (_where, create) => {
  const anew = () => ({ turns: create(), flow: `flow-${++flows}` });

  test('are whose that asks first, and its again after a crash', async () => {
    const { turns, flow } = anew();
    expect(await turns.ask(flow, 'one')).toBe('one');
    expect(await turns.ask(flow, 'other')).toBe('one');
    expect(await turns.ask(flow, 'one')).toBe('one');
    expect(await turns.ask(`${flow}-2`, 'other')).toBe('other');
  });

  test('go round: to who has waited longest, however often the others ask', async () => {
    const { turns, flow } = anew();
    const order: string[] = [];
    for (const purge of ['one', 'second', 'third', 'third', 'second']) await turns.ask(flow, purge);
    for (const purge of ['one', 'second', 'third', 'one']) {
      order.push(await turns.ask(flow, purge));
      await turns.leave(flow, purge);
      await turns.ask(flow, purge);
    }
    expect(order).toEqual(['one', 'second', 'third', 'one']);
  });

  test('are free when nobody waits', async () => {
    const { turns, flow } = anew();
    await turns.ask(flow, 'one');
    await turns.leave(flow, 'one');
    expect(await turns.ask(flow, 'other')).toBe('other');
  });

  test('are left by their holder only', async () => {
    const { turns, flow } = anew();
    await turns.ask(flow, 'one');
    await turns.ask(flow, 'other');
    await turns.leave(flow, 'other');
    expect(await turns.ask(flow, 'other')).toBe('one');
  });

  test('are taken over from the holder that was seen, by one alone', async () => {
    const { turns, flow } = anew();
    await turns.ask(flow, 'dead');
    await turns.ask(flow, 'one');
    expect(await turns.takeOver(flow, 'dead', 'one')).toBe(true);
    expect(await turns.takeOver(flow, 'dead', 'other')).toBe(false);
    // It waited before it took over: the turn is its own once more.
    await turns.leave(flow, 'one');
    await turns.leave(flow, 'one');
    expect(await turns.ask(flow, 'other')).toBe('other');
  });
});
