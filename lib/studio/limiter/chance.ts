/**
 * 429s that come by chance, whatever one does: an upstream that refuses every tenth request, at any pace. pace.ts
 * finds their share; here so many are excused. The others speak of a limit.
 */
export type Chance = ReturnType<typeof createChance>;

/** So many standard deviations more than were seen are excused, */
const DEVIATIONS = 3;
/** but no more than so many at once, */
const MAX_EXCUSES = 20;
/** nor more than this share of all, */
const LARGEST = 0.75;
/** nor for longer: then it has to be found anew, for a limit may hide behind it. */
const BELIEVED_MS = 30_000;
/** When so many 429s were to be expected, and not a quarter of them came, the share is smaller now. */
const EXPECTED = 200;

export function createChance() {
  let share = 0;
  let untilMs: number | undefined;
  let excuses = 0;
  let answers = 0;
  let refusals = 0;

  function look() {
    share = Math.min(LARGEST, (refusals + DEVIATIONS * Math.sqrt(refusals)) / answers);
  }

  function count(isRefusal: boolean) {
    answers += 1;
    if (isRefusal) refusals += 1;
    if (answers * share < EXPECTED) return;
    if (refusals < EXPECTED / 4) look();
    answers = 0;
    refusals = 0;
  }

  return {
    /** Believes in what a sample has shown. */
    set: (sample: { refusals: number; answers: number }, nowMs: number) => {
      ({ refusals, answers } = sample);
      look();
      answers = 0;
      refusals = 0;
      untilMs ??= nowMs + BELIEVED_MS;
      excuses = MAX_EXCUSES;
    },
    /** Whether it has just become time to find out anew. */
    expires: (nowMs: number): boolean => {
      if (untilMs === undefined || nowMs < untilMs) return false;
      untilMs = undefined;
      share = 0;
      excuses = 0;
      return true;
    },
    pass: () => {
      count(false);
      excuses = Math.min(MAX_EXCUSES, excuses + share / (1 - share));
    },
    /** Whether a 429 is excused. */
    excuse: (): boolean => {
      count(true);
      if (excuses < 1) return false;
      excuses -= 1;
      return true;
    },
  };
}
