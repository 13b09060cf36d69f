const SECOND_MS = 1_000;
const SLOT_MS = 100;
const SLOTS = SECOND_MS / SLOT_MS;

/** How many there were in the last second, counted in tenths. */
export function createTally() {
  const slots = new Array<number>(SLOTS).fill(0);
  let latest = 0;
  let sum = 0;

  function advance(nowMs: number) {
    const slot = Math.floor(nowMs / SLOT_MS);
    for (let one = Math.max(latest + 1, slot - SLOTS + 1); one <= slot; one += 1) {
      sum -= slots[one % SLOTS] ?? 0;
      slots[one % SLOTS] = 0;
    }
    latest = Math.max(latest, slot);
  }

  return {
    add: (nowMs: number) => {
      advance(nowMs);
      slots[latest % SLOTS] = (slots[latest % SLOTS] ?? 0) + 1;
      sum += 1;
    },
    lastSecond: (nowMs: number) => {
      advance(nowMs);
      return sum;
    },
  };
}
