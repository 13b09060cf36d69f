import { createHash } from 'node:crypto';
import type { Execution } from '../../studio/types.ts';

/**
 * How far a list over one or more flows has been read, independent of the page tokens of Studio. The list is
 * in the order of seconds (newest first), then flows, then as Studio lists them. What is created or deleted
 * meanwhile does not change a position.
 */
export type Position = {
  /** When the last execution was created, in seconds since 1970; null before the first. */
  second: number | null;
  /** Index of the last execution's flow. */
  flow: number;
  /**
   * Keys of the executions read of that second and flow, the last one last; in a cursor the last MAX_SEEN.
   */
  seen: readonly string[];
};

export const START: Position = { second: null, flow: 0, seen: [] };

/** Bounds the length of a cursor. Twilio creates at most 120 executions a second for one account. */
export const MAX_SEEN = 130;
const KEY_BYTES = 5;

/** Identifies an execution in a position. */
export function positionKey({ sid }: Execution): string {
  return createHash('sha256').update(sid).digest().subarray(0, KEY_BYTES).toString('base64url');
}

/** The second of an undated execution that is listed before any dated one: the year 9999. */
const UNDATED_SECOND = Date.UTC(9999, 0) / 1_000;

/** The second of its creation. An execution without a readable date counts as created at `previous`. */
export function secondOf({ dateCreated }: Execution, previous: number | null): number {
  const ms = Date.parse(dateCreated ?? '');
  return Number.isNaN(ms) ? (previous ?? UNDATED_SECOND) : Math.floor(ms / 1_000);
}

/** The position after `execution` of this flow has been read. */
export function advance(position: Position, flow: number, execution: Execution): Position {
  const second = secondOf(execution, position.second);
  const isSame = second === position.second && flow === position.flow;
  return { second, flow, seen: [...(isSame ? position.seen : []), positionKey(execution)] };
}

/** Whether the position is after the execution, which is of this flow. */
export function isBehind(position: Position, flow: number, execution: Execution): boolean {
  if (position.second === null) return false;
  const second = secondOf(execution, position.second);
  if (second !== position.second) return second > position.second;
  return flow === position.flow ? position.seen.includes(positionKey(execution)) : flow < position.flow;
}

/** The end, exclusive, of the window of what may be left of a flow; undefined for the whole list. */
export function windowEnd({ second, flow: lastFlow }: Position, flow: number): string | undefined {
  if (second === null) return undefined;
  return new Date((flow < lastFlow ? second : second + 1) * 1_000).toISOString();
}
