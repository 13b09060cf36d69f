import { createChance } from './chance.ts';
import { createPace, type Fate } from './pace.ts';
import { createWindow } from './window.ts';

/**
 * How many requests an upstream stands, found out from its 429s alone. Pure: no clock, no promises; limiter.ts
 * puts a queue around it.
 *
 * There are three reasons for 429s, and they are tried in this order: too many in flight (window.ts), too many in
 * a second (pace.ts), and chance (chance.ts). What tells them apart is what going slower does: the first end when
 * the window has lost as many as were refused, the second when no more is asked for than passed, the third do
 * not end at all.
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

/** The how manieth it was to start, and whether it filled the window. */
export type Ticket = { order: number; isLast: boolean };

/** Every 429 has to be earned by so many successes: less than one percent in the long run. */
const SUCCESSES_PER_REFUSAL = 120;
/** What would take longer to earn is forgiven. */
const LONGEST_DEBT_S = 60;
/** 429s in a row that close the door: asking more often does not help now. */
const REFUSALS_OF_A_CLOSED_DOOR = 5;
/** Then one goes ahead every quarter of the time since anything passed, within these bounds. */
const PATIENCE = 0.25;
const SHORTEST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1_000;
/** After a door closed for longer than upstreams count, nothing is known of them any more. */
const OUTAGE_MS = 2_000;

export function createGovernor({ initial, max }: { initial: number; max: number }): Governor {
  const window = createWindow({ initial, max });
  const pace = createPace();
  const chance = createChance();
  let inFlight = 0;
  let order = 0;
  let credit = 0;
  let refusedInRow = 0;
  let lastPassedMs = 0;
  let pausedUntilMs = 0;

  const isClosed = () => refusedInRow >= REFUSALS_OF_A_CLOSED_DOOR;

  const moment = (nowMs: number) => ({ nowMs, order, isEarned: credit >= 1 });

  function judge(fate: Fate, ticket: Ticket, nowMs: number) {
    const found = pace.judge(fate, ticket.order, moment(nowMs));
    if (found === undefined) return;
    chance.set(found, nowMs);
    window.seek();
  }

  function pass(ticket: Ticket, isSuccess: boolean, nowMs: number) {
    const afterMs = nowMs - lastPassedMs;
    pace.resume(afterMs);
    if (isClosed() && afterMs >= OUTAGE_MS) {
      pace.turnOff();
      window.seek();
    }
    refusedInRow = 0;
    lastPassedMs = nowMs;
    chance.pass();
    window.pass(ticket.order, 1 / SUCCESSES_PER_REFUSAL);
    judge('passed', ticket, nowMs);
    if (!isSuccess) return;
    const deepest = (-LONGEST_DEBT_S * pace.lastSecond(nowMs)) / SUCCESSES_PER_REFUSAL;
    credit = Math.min(1, Math.max(credit, deepest) + 1 / SUCCESSES_PER_REFUSAL);
    if (ticket.isLast) window.grow(ticket.order, order, pace.isOn || credit >= 1);
  }

  function refuse(ticket: Ticket, nowMs: number) {
    if (chance.expires(nowMs)) pace.restart(moment(nowMs));
    if (chance.excuse()) return judge('excused', ticket, nowMs);
    // Only what was asked for beyond the known has its price.
    if (pace.isOn ? pace.isRaised : window.hasGrown) credit -= 1;
    if (isClosed()) {
      // What goes ahead is refused for the same reason.
    } else if (pace.isOn) {
      refusedInRow += 1;
      judge('refused', ticket, nowMs);
    } else if (window.shrink(ticket.order, order, inFlight) || window.size === 1) {
      pace.turnOn(moment(nowMs));
      window.seek();
      credit = 0;
      refusedInRow = REFUSALS_OF_A_CLOSED_DOOR;
    }
    if (isClosed() && nowMs >= pausedUntilMs) pausedUntilMs = nowMs + pauseMs(nowMs);
  }

  function pauseMs(nowMs: number) {
    return Math.min(Math.max((nowMs - lastPassedMs) * PATIENCE, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
  }

  return {
    get window() {
      return window.size;
    },
    get ratePerSecond() {
      return pace.rate;
    },
    get inFlight() {
      return inFlight;
    },
    waitMs: (nowMs) => {
      if (inFlight >= window.size) return Number.POSITIVE_INFINITY;
      // After a pause one goes ahead, to see whether the door is open again.
      if (isClosed() && inFlight > 0 && nowMs >= pausedUntilMs) return Number.POSITIVE_INFINITY;
      return Math.max(0, pausedUntilMs - nowMs, pace.waitMs(nowMs));
    },
    start: (nowMs) => {
      inFlight += 1;
      order += 1;
      pace.start(nowMs);
      return { order, isLast: inFlight >= window.size };
    },
    end: (ticket, went, nowMs) => {
      inFlight -= 1;
      if (went === 'throttled') refuse(ticket, nowMs);
      else pass(ticket, went === 'success', nowMs);
    },
  };
}
