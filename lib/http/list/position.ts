import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { Execution } from '../../studio/types.ts';

/**
 * How far a list over one or more flows has been read, independent of the page tokens of Studio. The list
 * is in the order of seconds (newest first), then flows, then as Studio gives them; this says up to which
 * second, up to which flow of that second, and which executions of that flow and second. What is created or
 * deleted meanwhile changes nothing about that.
 */
export type Position = {
  /** Of the last execution's creation, in seconds since 1970; null before the first. */
  second: number | null;
  /** Index of the last execution's flow. */
  flow: number;
  /** Marks of the executions read of that second and flow, the last one last. */
  seen: readonly string[];
  /** Whether there were more of them than `seen` holds. */
  overflown: boolean;
};

export const START: Position = { second: null, flow: 0, seen: [], overflown: false };

/** Bounds the length of a cursor. Twilio creates at most 120 executions a second for one account. */
const MAX_SEEN = 130;
const MARK_BYTES = 5;

export const positionSchema = v.strictObject({
  second: v.nullable(v.number()),
  flow: v.number(),
  seen: v.array(v.string()),
  overflown: v.boolean(),
});

/** What an execution is known by in a position. */
export function markOf({ sid }: Execution): string {
  return createHash('sha256').update(sid).digest().subarray(0, MARK_BYTES).toString('base64url');
}

/** The second of an undated execution that is listed before any dated one: the year 9999. */
const UNDATED_SECOND = Date.UTC(9999, 0) / 1_000;

/** The second of its creation. One without a readable date counts as old as what it stands behind. */
export function secondOf({ dateCreated }: Execution, behind: number | null): number {
  const ms = Date.parse(dateCreated ?? '');
  return Number.isNaN(ms) ? (behind ?? UNDATED_SECOND) : Math.floor(ms / 1_000);
}

/** The position after `execution` of this flow has been read. */
export function advance(position: Position, flow: number, execution: Execution): Position {
  const second = secondOf(execution, position.second);
  const mark = markOf(execution);
  if (second !== position.second || flow !== position.flow)
    return { second, flow, seen: [mark], overflown: false };
  const seen = [...position.seen, mark];
  return {
    second,
    flow,
    seen: seen.slice(-MAX_SEEN),
    overflown: position.overflown || seen.length > MAX_SEEN,
  };
}

/** How far one of the flows has been read. */
export type FlowPosition = {
  second: number | null;
  /** What was read of that second: none, these (and more, when overflown), or every execution. */
  seen: ReadonlySet<string> | 'all';
  overflown: boolean;
};

export function positionIn({ second, flow, seen, overflown }: Position, index: number): FlowPosition {
  if (index === flow) return { second, seen: new Set(seen), overflown };
  // Before the first execution nothing is behind, whatever the flow.
  const isBehind = index < flow && second !== null;
  return { second, seen: isBehind ? 'all' : new Set(), overflown: false };
}

/** Where the window of what may be ahead ends: exclusive, ISO 8601; undefined for the whole list. */
export function windowEnd({ second, seen }: FlowPosition): string | undefined {
  if (second === null) return undefined;
  return new Date((seen === 'all' ? second : second + 1) * 1_000).toISOString();
}
