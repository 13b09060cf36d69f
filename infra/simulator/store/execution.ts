import { hash } from 'node:crypto';

export type Status = 'active' | 'ended';

/** One execution. Times are Unix milliseconds, `NEVER` for what has not happened. */
export type Execution = {
  sid: string;
  flowSid: string;
  to: string;
  from: string;
  contactSid: string;
  /** A JSON object as text, digit for digit as it was sent. */
  parameters: string;
  flowVersion: number;
  createdMs: number;
  /** Kept as text, since a page has a thousand of them. */
  dateCreated: string;
  /** In the future: it ends by itself then. */
  endedMs: number;
  deletedMs: number;
  /** The position among all executions ever created; it orders those of one second. */
  number: number;
};

/** What is left out is made up: an active execution, created now. */
export type NewExecution = Pick<Execution, 'flowSid' | 'to' | 'from'> &
  Partial<Pick<Execution, 'sid' | 'parameters' | 'flowVersion' | 'createdMs' | 'endedMs'>>;

export const NEVER = Number.POSITIVE_INFINITY;

export function statusAt({ endedMs, deletedMs }: Execution, atMs: number): Status | 'deleted' {
  if (deletedMs <= atMs) return 'deleted';
  return endedMs <= atMs ? 'ended' : 'active';
}

/** The date of the last change by then; null for an execution that has not changed since its creation. */
export function updatedAt({ endedMs }: Execution, atMs: number): string | null {
  return endedMs <= atMs ? isoSeconds(endedMs) : null;
}

/** Studio's dates have no fraction: 2015-07-30T20:00:00Z. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The SID that belongs to `key`: the same salt, prefix and key always give the same SID. */
export function sidOf(prefix: 'FN' | 'FT' | 'FC' | 'RQ' | 'FW', key: string | number, salt: number): string {
  // MD5 is as long as a SID; nothing here is secret.
  return prefix + hash('md5', `${salt} ${prefix} ${key}`);
}
