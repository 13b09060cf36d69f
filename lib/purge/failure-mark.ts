import { isoSecond } from './selection.ts';

const FLOW_DIGITS = 4;
/** Sorts before every date. */
const NO_DATE = '-';
/** Sorts behind every SID. */
const BEHIND = '~';

/** Where a failure has its place among the others: by flow, by the second of its creation, by SID. */
export function failureMark(flow: number, created: string | null, sid: string): string {
  return `${flowMark(flow)}${secondOf(created)}#${sid}`;
}

/** First and last mark, inclusive, of what was created from the one moment to the other. */
export function marksBetween(flow: number, from: string | null, to: string | null): [string, string] {
  return [`${flowMark(flow)}${secondOf(from)}#`, `${flowMark(flow)}${secondOf(to)}#${BEHIND}`];
}

function flowMark(flow: number): string {
  return `${String(flow).padStart(FLOW_DIGITS, '0')}#`;
}

function secondOf(created: string | null): string {
  const createdMs = Date.parse(created ?? '');
  return Number.isNaN(createdMs) ? NO_DATE : isoSecond(createdMs);
}
