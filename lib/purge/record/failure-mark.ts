import { isoSecond } from '../order/selection.ts';

const FLOW_DIGITS = 4;
/** Sorts before every date. */
const NO_DATE = '-';
/** Sorts behind every SID. */
const BEHIND = '~';

/** Where a failure has its place among the others: by flow, by the second of its creation, by SID. */
export function failureMark(flow: number, created: string | null, sid: string): string {
  return `${flowMark(flow)}${secondOf(created) ?? NO_DATE}#${sid}`;
}

/** First and last mark, inclusive, of what was created from the one moment to the other. */
export function marksBetween(flow: number, from: string | null, to: string | null): [string, string] {
  return [
    `${flowMark(flow)}${secondOf(from) ?? NO_DATE}#`,
    `${flowMark(flow)}${secondOf(to) ?? NO_DATE}#${BEHIND}`,
  ];
}

function flowMark(flow: number): string {
  return `${String(flow).padStart(FLOW_DIGITS, '0')}#`;
}

/** In the one way of writing it, and so of known length; null for what is no time. */
export function secondOf(created: string | null | undefined): string | null {
  const createdMs = Date.parse(created ?? '');
  return Number.isNaN(createdMs) ? null : isoSecond(createdMs);
}
