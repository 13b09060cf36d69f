/**
 * How many requests an upstream stands, found out from its 429s alone. Pure: no clock, no promises; limiter.ts
 * puts a queue around it.
 *
 * Two knobs, for the two kinds of limits there are: the window is how many may be in flight at once, the rate
 * how many may start in a second, which stays infinite until 429s show that there is such a limit.
 *
 * - Growing: until the first 429 the window grows by a quarter a round trip, from 8 to 500 in some 19, and
 *   is hardly more than a quarter too large when it meets the limit.
 * - Backing off: upstream refuses exactly those that are too many, so each 429 takes one off the window.
 *   After one round trip that has taken off what was too much and no more, whether the limit was overshot
 *   by one or fell from 500 to 5. Halving instead would cost what halving gives up.
 * - A limit of the rate gives itself away: what starts after such a round trip is refused all the same. Then
 *   the rate of the last second's successes is kept, evenly paced, and the window is what it was.
 *   So does a window that falls to a quarter, grows back without a 429 and falls to a quarter again.
 * - Probing: every 429 has to be earned by 120 successes. Then a little more is tried, and twice as much with
 *   every round that goes well, so that a limit that was lifted is soon found.
 * - Outages and chance: a rate at which nothing went through was none, and is not taken over; and 429s whose
 *   share stays the same however slowly one goes are no limit.
 */
export type Governor = {
  /** Milliseconds until the next request may start; 0 is now, Infinity means when one in flight has ended. */
  waitMs(nowMs: number): number;
  start(nowMs: number): Ticket;
  end(ticket: Ticket, went: Went, nowMs: number): void;
  readonly window: number;
  /** Infinity as long as no limit of the rate has shown. */
  readonly ratePerSecond: number;
  readonly inFlight: number;
};

/** `other`, such as a 5xx or a timeout, says nothing about limits. */
export type Went = 'success' | 'throttled' | 'other';

/** `boundBy`: what would have held one more request back. */
export type Ticket = { order: number; boundBy: 'window' | 'rate' | 'demand' };

/** What a round that went well may add, as a share of the window: before the first 429, and after it. */
const SEEKING_STEP = 0.25;
const PROBING_STEP = 0.12;
/** The same for the rate: at first, and at most. */
const FIRST_RATE_STEP = 0.03;
const MAX_RATE_STEP = 1;
/** What is kept of a rate that was too high; and no more than so much is taken off it at once. */
const KEPT_RATE = 0.95;
const LARGEST_CUT = 0.5;
/** Requests a second: what the rate never falls below. */
const SLOWEST_RATE = 4;
/** Less than one percent of 429s in the long run. */
const SUCCESSES_PER_PROBE = 120;
/** In probes. More debt is forgiven: a limit that fell from 500 to 5 may rise again. */
const MAX_DEBT = 4;
const DEEP_DEBT = -2;
/** Time earns as well: at a slow rate, successes alone would take for ever. */
const SECONDS_PER_PROBE = 60;
/**
 * 429s by chance are told by their share, which no slowness changes: so many blocks of answers in a row with
 * at least half the share of the block before. Then they are taken as they come, until the share changes.
 */
const BLOCK = 40;
const BLOCKS_OF_CHANCE = 3;
/** Without a 429: then old ones are forgiven. */
const QUIET_MS = 5_000;
const SMALLEST_CHANCE = 0.05;
const LARGEST_CHANCE = 0.35;
/** Then the question is asked anew: a limit may have come to hide behind the chance. */
const CHANCE_FOR_MS = 10_000;
const SAME_SHARE = { least: 0.5, worse: 1.5, spare: 0.1, gone: 0.3 };
/** Refusals within a window that is strikingly smaller than the one that met the limit. */
const SURPRISES_OF_A_RATE_LIMIT = 5;
const STRIKINGLY_SMALLER = 0.7;
/** A window at least this large that falls to 1 was not too large: nothing went through at all. */
const LARGE_WINDOW = 8;
/** To so little of itself; when it grew back without a 429 and falls so far again, that is a limit of the rate. */
const DEEP_FALL = 0.25;
/** So many requests after a 429 the next one counts as the beginning of something else. */
const FEW = 20;
/** 429s in a row when the rate is known: the second's allowance is spent, asking more often does not help. */
const REFUSALS_OF_A_CLOSED_DOOR = 5;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;
const SECOND_MS = 1_000;
/** A little more than the second over which upstreams count. */
const RATE_ROUND_MS = 1_200;
/** How much a late timer may make up for. */
const BURST_MS = 20;

export function createGovernor({ initial, max }: { initial: number; max: number }): Governor {
  let inFlight = 0;
  let order = 0;
  let credit = 0;
  // The window.
  let window = Math.min(initial, max);
  let windowStep = SEEKING_STEP * window;
  let roundStart = 1;
  let lastRefused = 0;
  let windowBefore = window;
  let surprises = 0;
  let lowest = window;
  let hasGrownBack = false;
  // The rate.
  let rate = Number.POSITIVE_INFINITY;
  let goodRate = rate;
  let rateStep = 0;
  let rateRoundStartMs = 0;
  let lastSlowDownMs = Number.NEGATIVE_INFINITY;
  let nextStartMs = 0;
  let refusedInRow = 0;
  let pauseMs = FIRST_PAUSE_MS;
  let pausedUntilMs = 0;
  const admitted = createTally();
  // Chance.
  const block = { answers: 0, refusals: 0, sinceMs: 0 };
  let lastShare = 1;
  let sameShares = 0;
  let chance: number | undefined;
  let chanceSinceMs = 0;
  // Quiet.
  let lastRefusalMs = 0;
  let bestSecond = 0;

  const size = () => Math.max(1, Math.floor(window));
  const isPaced = () => rate !== Number.POSITIVE_INFINITY;
  const isClosed = () => refusedInRow >= REFUSALS_OF_A_CLOSED_DOOR;

  /** Whatever it was an answer to, it was not refused. */
  function admit(nowMs: number) {
    admitted.add(nowMs);
    judge(false, nowMs);
    // What a closed door cost was no overshooting.
    if (isClosed()) credit = Math.max(credit, 0);
    refusedInRow = 0;
    pauseMs = FIRST_PAUSE_MS;
  }

  function succeed(ticket: Ticket, nowMs: number) {
    credit = Math.min(1, credit + 1 / SUCCESSES_PER_PROBE);
    // Only the knob that holds the requests back has shown that it can be turned up.
    if (ticket.boundBy === 'window') growWindow(ticket);
    if (ticket.boundBy === 'rate' && nowMs - rateRoundStartMs >= RATE_ROUND_MS) growRate(nowMs);
  }

  function growWindow(ticket: Ticket) {
    window = Math.min(max, window + windowStep / size());
    // A round has gone well when as many as fit into the window, begun after it did, have.
    if (ticket.order < roundStart + size()) return;
    roundStart = order + 1;
    const maxStep = Math.max(1, window * (lastRefused === 0 ? SEEKING_STEP : PROBING_STEP));
    if (windowStep > 0) windowStep = Math.min(windowStep * 2, maxStep);
    else if (credit >= 1) windowStep = 1;
  }

  function growRate(nowMs: number) {
    if (!isPaced()) return;
    credit = Math.min(1, credit + RATE_ROUND_MS / (SECONDS_PER_PROBE * SECOND_MS));
    rateRoundStartMs = nowMs;
    goodRate = rate;
    const isQuiet = nowMs - lastRefusalMs >= QUIET_MS;
    // Deep debts come from an outage, not from probing: then the next probe is due at once.
    if (isQuiet) credit = credit <= DEEP_DEBT ? 1 : Math.max(credit, 0);
    bestSecond = Math.max(bestSecond, admitted.lastSecond(nowMs));
    // Far below what went well before, nothing is at stake.
    if (isQuiet && rate < bestSecond / 2) rateStep = MAX_RATE_STEP;
    if (rateStep > 0) rateStep = Math.min(rateStep * 2, MAX_RATE_STEP);
    else if (credit >= 1) rateStep = FIRST_RATE_STEP;
    rate += rate * rateStep;
  }

  function judge(isRefused: boolean, nowMs: number) {
    if (chance === undefined && !isPaced()) return;
    block.answers += 1;
    if (isRefused) block.refusals += 1;
    // At least a round, in which a spent allowance comes again.
    if (block.answers < BLOCK || nowMs - block.sinceMs < RATE_ROUND_MS) return;
    const share = block.refusals / block.answers;
    block.answers = 0;
    block.refusals = 0;
    block.sinceMs = nowMs;
    if (chance !== undefined) {
      const { worse, spare, gone } = SAME_SHARE;
      const isOver = nowMs - chanceSinceMs >= CHANCE_FOR_MS;
      if (isOver || share > chance * worse + spare || share < chance * gone) chance = undefined;
      return;
    }
    const isPossible = share >= SMALLEST_CHANCE && share <= LARGEST_CHANCE;
    const isSame = isPossible && share >= SAME_SHARE.least * lastShare;
    sameShares = isSame ? sameShares + 1 : 0;
    lastShare = share;
    if (sameShares < BLOCKS_OF_CHANCE) return;
    chance = share;
    chanceSinceMs = nowMs;
    sameShares = 0;
    rate = Number.POSITIVE_INFINITY;
    window = Math.max(window, windowBefore);
    windowStep = 0;
  }

  function shrinkWindow(ticket: Ticket, nowMs: number) {
    if (ticket.order > lastRefused + Math.max(size(), FEW)) {
      windowBefore = size();
      surprises = 0;
      hasGrownBack = lowest <= DEEP_FALL * windowBefore;
      lowest = window;
    } else if (ticket.order > lastRefused && size() <= STRIKINGLY_SMALLER * windowBefore) {
      // It began after the last 429 had come, so it was not one of those too many.
      surprises += 1;
    }
    lastRefused = order;
    // One of those in flight was too many; `inFlight` no longer counts it.
    window = Math.max(1, Math.min(size() - 1, inFlight));
    lowest = Math.min(lowest, window);
    windowStep = 0;
    roundStart = order + 1;
    const isAgain = hasGrownBack && windowBefore >= LARGE_WINDOW && window <= DEEP_FALL * windowBefore;
    const nothingGoesThrough = window === 1 && windowBefore >= LARGE_WINDOW;
    if (surprises >= SURPRISES_OF_A_RATE_LIMIT || nothingGoesThrough || isAgain) beginPacing(nowMs);
  }

  function beginPacing(nowMs: number) {
    window = windowBefore;
    surprises = 0;
    refusedInRow = REFUSALS_OF_A_CLOSED_DOOR;
    // A door that was closed from the beginning tells nothing of the rate.
    const measured = admitted.lastSecond(nowMs);
    bestSecond = Math.max(bestSecond, measured);
    if (measured > 0) keepRate(KEPT_RATE * measured, nowMs);
    lastSlowDownMs = nowMs;
  }

  function slowDown(nowMs: number) {
    const wasClosed = isClosed();
    refusedInRow += 1;
    // Once in the second over which upstream counts: its remaining 429s have the same reason.
    if (wasClosed || nowMs - lastSlowDownMs < SECOND_MS) return;
    lastSlowDownMs = nowMs;
    const wanted = Math.min(KEPT_RATE * rate, admitted.lastSecond(nowMs));
    // What a second admitted in which upstream stalled says little: never more than half at once.
    // What went well before does no longer.
    if (rate > goodRate) bestSecond /= 2;
    keepRate(rate > goodRate ? goodRate : Math.max(wanted, LARGEST_CUT * rate), nowMs);
  }

  function keepRate(wanted: number, nowMs: number) {
    rate = Math.max(wanted, SLOWEST_RATE);
    goodRate = rate;
    rateStep = 0;
    rateRoundStartMs = nowMs;
  }

  function refuse(ticket: Ticket, nowMs: number) {
    credit = Math.max(-MAX_DEBT, credit - 1);
    lastRefusalMs = nowMs;
    judge(true, nowMs);
    if (chance !== undefined) refusedInRow += 1;
    else if (isPaced()) slowDown(nowMs);
    else shrinkWindow(ticket, nowMs);
    if (!isClosed() || nowMs < pausedUntilMs) return;
    pausedUntilMs = nowMs + pauseMs;
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
  }

  return {
    get window() {
      return size();
    },
    get ratePerSecond() {
      return rate;
    },
    get inFlight() {
      return inFlight;
    },
    waitMs: (nowMs) => {
      if (inFlight >= size()) return Number.POSITIVE_INFINITY;
      // After a pause one goes ahead, to see whether the door is open again.
      if (isClosed() && inFlight > 0 && nowMs >= pausedUntilMs) return Number.POSITIVE_INFINITY;
      return Math.max(0, pausedUntilMs - nowMs, isPaced() ? nextStartMs - nowMs : 0);
    },
    start: (nowMs) => {
      inFlight += 1;
      order += 1;
      nextStartMs = Math.max(nextStartMs, nowMs - BURST_MS) + SECOND_MS / rate;
      return { order, boundBy: inFlight >= size() ? 'window' : isPaced() ? 'rate' : 'demand' };
    },
    end: (ticket, went, nowMs) => {
      inFlight -= 1;
      if (went === 'throttled') return refuse(ticket, nowMs);
      admit(nowMs);
      if (went === 'success') succeed(ticket, nowMs);
    },
  };
}

const SLOT_MS = 100;

/** How many there were in the last second, counted in tenths. */
function createTally() {
  const slots = new Array<number>(SECOND_MS / SLOT_MS).fill(0);
  let latest = 0;
  const advance = (nowMs: number) => {
    const slot = Math.floor(nowMs / SLOT_MS);
    const oldest = Math.max(latest + 1, slot - slots.length + 1);
    for (let one = oldest; one <= slot; one += 1) slots[one % slots.length] = 0;
    latest = Math.max(latest, slot);
    return slot % slots.length;
  };
  return {
    add: (nowMs: number) => {
      const at = advance(nowMs);
      slots[at] = (slots[at] ?? 0) + 1;
    },
    lastSecond: (nowMs: number) => {
      advance(nowMs);
      return slots.reduce((sum, one) => sum + one, 0);
    },
  };
}
