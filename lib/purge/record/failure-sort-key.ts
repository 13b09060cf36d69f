import { secondOf } from './times.ts';

const FLOW_DIGITS = 4;
/** Sorts before every date. */
const NO_DATE = '-';
/** Sorts after every SID. */
const LAST = '~';

/** The position of a failed SID: by flow, creation second, SID. */
export function failureSortKey(flow: number, created: string | null, sid: string): string {
  return `${flowKey(flow)}${secondOf(created) ?? NO_DATE}#${sid}`;
}

/**
 * First and last sort key of those created between the two times, both included; null: those without a date.
 */
export function sortKeyRange(flow: number, from: string | null, to: string | null): [string, string] {
  return [
    `${flowKey(flow)}${secondOf(from) ?? NO_DATE}#`,
    `${flowKey(flow)}${secondOf(to) ?? NO_DATE}#${LAST}`,
  ];
}

function flowKey(flow: number): string {
  return `${String(flow).padStart(FLOW_DIGITS, '0')}#`;
}
