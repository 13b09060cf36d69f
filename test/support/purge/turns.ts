import type { TurnStore } from '../../../lib/purge/engine/ports.ts';

/** Turns as the table keeps them. */
export function createMemoryTurns(): TurnStore {
  const turns = new Map<string, { holder: string; waiting: string[] }>();
  return {
    async ask(flowSid, purge) {
      const turn = turns.get(flowSid) ?? { holder: purge, waiting: [] };
      turns.set(flowSid, turn);
      if (turn.holder !== purge && !turn.waiting.includes(purge)) turn.waiting.push(purge);
      return turn.holder;
    },
    async leave(flowSid, purge) {
      const turn = turns.get(flowSid);
      if (turn?.holder !== purge) return;
      const [next, ...waiting] = turn.waiting;
      if (next === undefined) turns.delete(flowSid);
      else turns.set(flowSid, { holder: next, waiting });
    },
    async takeOver(flowSid, from, purge) {
      const turn = turns.get(flowSid);
      if (turn?.holder !== from) return false;
      turn.holder = purge;
      return true;
    },
  };
}
