import { createTally } from './tally.ts';

/**
 * How many requests may start in a second, if upstream limits that.
 *
 * - A second without a 429 goes well. When 429s have been earned (governor.ts), a little more is tried, and more and
 *   more with each further second that goes well, but for the way past the rate that was refused last.
 * - The first 429 begins a sample of at least a second, for over seconds upstreams count. It tells the limit: what
 *   passes meanwhile or, where nothing did for a while, what passed in the second before. A little less is kept.
 * - Then a limit refuses hardly anything. Where the same share is refused again, going slower was in vain: that is
 *   chance.
 */
export type Pace = ReturnType<typeof createPace>;

/** What came of a request: it passed, was refused, or was refused by chance, as it seems. */
export type Fate = 'passed' | 'refused' | 'excused';

/** When, after how many starts, and whether 429s have been earned. */
export type Moment = { nowMs: number; order: number; isEarned: boolean };

/** 429s by chance that a sample has shown. */
export type Found = { refusals: number; answers: number };

const SECOND_MS = 1_000;
/** At slow rates a second tells nothing: a sample has so many answers at least, */
const FEWEST_ANSWERS = 20;
/** and so many 429s, unless the rate has just been raised, */
const FEWEST_REFUSALS = 6;
/** or is given up after so long without any. */
const QUIET_MS = 5_000;
/** A guess at the rate has to be made twice within so long. */
const CROWD_MS = 30_000;
/** Where nothing passed for so long, and for so many starts, upstream counts by seconds: that is not chance. */
const CLOSED_MS = 200;
const CLOSED_STARTS = 5;
/** What is kept of what passed. */
const KEPT = 0.97;
/** Requests a second: what the rate never falls below. */
const SLOWEST = 4;
/** What a second that went well adds to the rate, at first and at most. */
const FIRST_STEP = 0.03;
const MAX_STEP = 0.25;
/** Within these bounds of the rate that was refused last, steps do not become larger. */
const NEAR = { least: 0.97, most: 1.12 };
/** So far below it nothing is at stake: the rate is doubled, earned or not. */
const FAR_BELOW = 0.4;
/** A second with less than this share of what the rate allows has not tried it. */
const TRIED = 0.8;
/** Up to this factor two shares of 429s are the same. */
const SAME = 2;
/** Where more than this share is refused, it is an outage rather than chance. */
const LARGEST_CHANCE = 0.6;
/** How much a late timer may make up for. */
const BURST_MS = 20;

export function createPace() {
  const lately = createTally();
  let rate = Number.POSITIVE_INFINITY;
  let refusedRate = rate;
  let nextStartMs = 0;
  let step = 0;
  /** `refused`: there were 429s; `slower`: and then the rate was lowered. */
  let phase: 'well' | 'refused' | 'slower' = 'well';
  /** Answers to what began since. */
  let sample = newSample(0, 0);
  /** What was found before the rate was lowered, and the rate it was. */
  let last = { share: 0, refusals: 0, answers: 0, rate };
  /** Going slower has helped. */
  let isLimit = false;
  let guessedMs = Number.NEGATIVE_INFINITY;

  const isOn = () => rate !== Number.POSITIVE_INFINITY;
  const isFar = () => rate < FAR_BELOW * refusedRate;

  function begin(next: typeof phase, sinceMs: number, order: number) {
    phase = next;
    sample = newSample(sinceMs, order);
  }

  function slowDown({ nowMs, order }: Moment): Found | undefined {
    const { refused, excused, wasClosed, secondBefore } = sample;
    const answers = answersOf(sample);
    const seen = { share: refused / answers, refusals: refused + excused, answers, rate };
    const isSame = seen.share >= last.share / SAME && seen.share <= last.share * SAME;
    if (phase === 'slower' && isSame && !wasClosed && seen.share <= LARGEST_CHANCE) {
      rate = isLimit ? last.rate : Number.POSITIVE_INFINITY;
      begin('well', nowMs, order);
      return { refusals: last.refusals + seen.refusals, answers: last.answers + answers };
    }
    last = seen;
    if (step > 0) refusedRate = rate;
    step = 0;
    const isShort = nowMs - sample.sinceMs < 2 * SECOND_MS;
    // What is a part of upstream's second tells less than the one before.
    lower(wasClosed && isShort ? secondBefore : perSecond(sample, nowMs));
    // What is refused in the next second may have the same reason.
    begin('slower', nowMs + SECOND_MS, order);
    return undefined;
  }

  function lower(passed: number) {
    // What lets nothing pass is no rate.
    if (passed > 0) rate = Math.max(SLOWEST, KEPT * Math.min(rate, passed));
  }

  function speedUp({ nowMs, isEarned }: Moment) {
    if (perSecond(sample, nowMs) < TRIED * rate || !(step > 0 || isEarned || isFar())) return;
    const isNear = rate >= NEAR.least * refusedRate && rate <= NEAR.most * refusedRate;
    step = step === 0 || isNear ? FIRST_STEP : Math.min(step * 2, MAX_STEP);
    rate *= isFar() ? 2 : 1 + step;
  }

  return {
    get isOn() {
      return isOn();
    },
    get isRaised() {
      return step > 0;
    },
    get rate() {
      return rate;
    },
    /** How many no limit refused in the last second. */
    lastSecond: (nowMs: number) => lately.lastSecond(nowMs),
    waitMs: (nowMs: number) => (isOn() ? nextStartMs - nowMs : 0),
    start: (nowMs: number) => {
      nextStartMs = Math.max(nextStartMs, nowMs - BURST_MS) + SECOND_MS / rate;
    },
    /**
     * From here on the rate is limited to what passed in the last second. Where that was next to nothing it is a
     * guess, that must be made twice: upstream may have had others to serve, as at the start of several workers.
     */
    turnOn: ({ nowMs, order }: Moment) => {
      const passed = lately.lastSecond(nowMs);
      const isGuess = passed < FEWEST_ANSWERS;
      if (isGuess && nowMs - guessedMs > CROWD_MS) {
        guessedMs = nowMs;
        return;
      }
      lower(Math.max(passed, FEWEST_ANSWERS));
      refusedRate = isGuess ? Number.POSITIVE_INFINITY : rate;
      step = 0;
      isLimit = false;
      begin('well', nowMs, order);
    },
    turnOff: () => {
      rate = Number.POSITIVE_INFINITY;
    },
    /** What was seen so far does not count any more. */
    restart: ({ nowMs, order }: Moment) => begin('well', nowMs, order),
    /** Something passed after nothing had for so long. */
    resume: (afterMs: number) => {
      if (afterMs >= Math.max(CLOSED_MS, (CLOSED_STARTS * SECOND_MS) / rate)) sample.wasClosed = true;
    },
    /** What came of a request that started as the so manieth. */
    judge: (fate: Fate, startOrder: number, moment: Moment): Found | undefined => {
      const { nowMs, order } = moment;
      if (fate !== 'refused') lately.add(nowMs);
      if (!isOn() || startOrder <= sample.order || nowMs < sample.sinceMs) return undefined;
      if (fate === 'refused' && phase === 'well') {
        // It is the occasion; what comes from now on is a fair sample.
        begin('refused', nowMs, order);
        sample.secondBefore = lately.lastSecond(nowMs);
        return undefined;
      }
      sample[fate] += 1;
      if (fate === 'refused') {
        sample.lastRefusedMs = nowMs;
        if (sample.refused === 1 && phase === 'slower') sample.secondBefore = lately.lastSecond(nowMs);
      }
      if (nowMs - sample.sinceMs < SECOND_MS) return undefined;
      if (answersOf(sample) < FEWEST_ANSWERS && !(phase === 'well' && isFar())) return undefined;
      if (sample.refused >= FEWEST_REFUSALS || (phase === 'refused' && step > 0)) return slowDown(moment);
      if (phase === 'well') speedUp(moment);
      else if (nowMs - sample.lastRefusedMs < QUIET_MS) return undefined;
      if (phase === 'slower') isLimit = true;
      begin('well', nowMs, order);
      return undefined;
    },
  };
}

type Sample = ReturnType<typeof newSample>;

function newSample(sinceMs: number, order: number) {
  return {
    sinceMs,
    order,
    passed: 0,
    refused: 0,
    excused: 0,
    lastRefusedMs: sinceMs,
    secondBefore: 0,
    wasClosed: false,
  };
}

function answersOf({ passed, refused, excused }: Sample): number {
  return passed + refused + excused;
}

/** What no limit refused, in a second. */
function perSecond({ passed, excused, sinceMs }: Sample, nowMs: number): number {
  return ((passed + excused) * SECOND_MS) / (nowMs - sinceMs);
}
