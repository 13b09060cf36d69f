// README.md gives the reason of each constant.
const SECOND_MS = 1_000;
const FIRST_STEP = 0.03;
const MAX_STEP = 0.5;
const KEPT_SHARE = 0.97;
const MIN_RATE = 4;
const BURST_MS = 20;
const SAMPLE_SIZE = 20;
const GUESS_MS = 10_000;
const RANDOM_SLOWDOWNS = 4;
const RANDOM_SHARE = 0.025;
const PASSING_SHARE = 0.6;
const MAX_IGNORED_SHARE = 0.6;
const IGNORE_MS = 30_000;
const SLOT_MS = 100;
const FULL_SLOTS = SECOND_MS / SLOT_MS;
const SLOTS = FULL_SLOTS + 1;

/** The limit of request starts per second, and the share of 429s that slowing down does not reduce. */
export function createRateLimit() {
  const passed = createRateCounter();
  let rate = Number.POSITIVE_INFINITY;
  let step = 0;
  let raisedMs = 0;
  let slowedMs = Number.NEGATIVE_INFINITY;
  let nextStartMs = 0;
  /** Slowdowns in a row that reduced nothing, and the answers since the first of them. */
  let vain = newSample();
  let random = { share: 0, untilMs: 0, ignorable: 0 };

  const isFound = () => rate !== Number.POSITIVE_INFINITY;

  function find(perSecond: number, sinceMs: number): boolean {
    const isGuess = perSecond < SAMPLE_SIZE && sinceMs > GUESS_MS;
    if (perSecond === 0 || isGuess) return false;
    rate = Math.max(MIN_RATE, KEPT_SHARE * perSecond);
    return true;
  }

  function ignoreRandom(share: number, nowMs: number) {
    random = { share, untilMs: nowMs + IGNORE_MS, ignorable: SAMPLE_SIZE };
    rate = Number.POSITIVE_INFINITY;
    vain = newSample();
  }

  return {
    get perSecond() {
      return rate;
    },
    get isFound() {
      return isFound();
    },
    passedPerSecond: (nowMs: number) => passed.perSecond(nowMs),
    waitMs: (nowMs: number) => nextStartMs - nowMs,
    start: (nowMs: number) => {
      nextStartMs = Math.max(nextStartMs, nowMs - BURST_MS) + SECOND_MS / rate;
    },
    pass: (nowMs: number) => {
      passed.add(nowMs);
      vain.passed += 1;
      random.ignorable = Math.min(SAMPLE_SIZE, random.ignorable + random.share / (1 - random.share));
    },
    /** Whether a 429 is one of those that come at random. */
    isRandom: (nowMs: number): boolean => {
      if (nowMs > random.untilMs) random = { share: 0, untilMs: 0, ignorable: 0 };
      if (random.ignorable < 1) {
        vain.refused += 1;
        return false;
      }
      random.ignorable -= 1;
      return true;
    },
    /** Probes a higher rate, at most once a second. Returns whether it did. */
    raise: (nowMs: number): boolean => {
      if (!isFound() || nowMs - raisedMs < SECOND_MS) return false;
      raisedMs = nowMs;
      step = Math.min(step * 2 || FIRST_STEP, MAX_STEP);
      rate *= 1 + step;
      vain = newSample();
      return true;
    },
    /** Lowers the rate to what passes, at most once a second. Returns what that led to. */
    slowDown: (nowMs: number, nothingPasses: boolean): 'too-early' | 'slower' | 'found' | 'random' => {
      const sinceMs = nowMs - slowedMs;
      const answers = vain.passed + vain.refused;
      if (sinceMs < SECOND_MS || (isFound() && answers < SAMPLE_SIZE * (vain.times + 1))) return 'too-early';
      slowedMs = nowMs;
      step = 0;
      const perSecond = passed.perSecond(nowMs);
      if (!isFound()) return find(perSecond, sinceMs) ? 'found' : 'slower';
      // A rate of which nothing passes is an outage.
      if (perSecond === 0) return 'slower';
      const share = vain.refused / answers;
      const isVain = share >= RANDOM_SHARE && perSecond >= PASSING_SHARE * rate && !nothingPasses;
      if (isVain && vain.times + 1 === RANDOM_SLOWDOWNS) {
        ignoreRandom(Math.min(MAX_IGNORED_SHARE, 0.05 + 1.5 * share), nowMs);
        return 'random';
      }
      vain = isVain ? { ...vain, times: vain.times + 1 } : newSample();
      rate = Math.max(MIN_RATE, KEPT_SHARE * Math.min(rate, Math.max(perSecond, rate / 2)));
      return 'slower';
    },
  };
}

function newSample() {
  return { times: 0, passed: 0, refused: 0 };
}

/** Events per second, over the current tenth of a second and the ten before it. */
function createRateCounter() {
  const slots = new Array<number>(SLOTS).fill(0);
  let latest = 0;

  function advance(nowMs: number) {
    const slot = Math.floor(nowMs / SLOT_MS);
    for (let one = Math.max(latest + 1, slot - FULL_SLOTS); one <= slot; one += 1) slots[one % SLOTS] = 0;
    latest = Math.max(latest, slot);
  }

  return {
    add: (nowMs: number) => {
      advance(nowMs);
      slots[latest % SLOTS] = (slots[latest % SLOTS] ?? 0) + 1;
    },
    perSecond: (nowMs: number): number => {
      advance(nowMs);
      const count = slots.reduce((total, one) => total + one, 0);
      return (count * SECOND_MS) / (FULL_SLOTS * SLOT_MS + (nowMs % SLOT_MS));
    },
  };
}
