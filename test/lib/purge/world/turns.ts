import type { TurnStore } from '../../../../lib/purge/ports.ts';

/** Turns as the table keeps them. */
export function createMemoryTurns(): TurnStore {
  const turns = new Map<string, { holder: string; waiting: string | null }>();
  return {
    async ask(flowSid, purge) {
      const turn = turns.get(flowSid) ?? { holder: purge, waiting: null };
      turns.set(flowSid, turn);
      if (turn.holder !== purge) turn.waiting ??= purge;
      return turn.holder;
    },
    async leave(flowSid, purge) {
      const turn = turns.get(flowSid);
      if (turn?.holder !== purge) return;
      if (turn.waiting === null || turn.waiting === purge) turns.delete(flowSid);
      else turns.set(flowSid, { holder: turn.waiting, waiting: null });
    },
    async takeOver(flowSid, from, purge) {
      const turn = turns.get(flowSid);
      if (turn?.holder !== from) return false;
      turn.holder = purge;
      return true;
    },
  };
}
