import type { SendInterval } from '../idempotency/claims.ts';
import { StudioError } from '../studio/errors.ts';
import type { Execution } from '../studio/types.ts';
import { ownershipOf } from './correlation.ts';
import type { CreateJob } from './request.ts';

/** Twilio gives up on a create after about 26 s; until then it may still appear. */
const UPSTREAM_LIMIT_MS = 26_000;
/** Allowance for clock skew between Twilio and Lambda. */
const PROOF_MARGIN_MS = 4_000;
/** How long after the last send a search must begin to prove an absence. */
export const PROOF_AFTER_MS = UPSTREAM_LIMIT_MS + PROOF_MARGIN_MS;

/** How far Studio's clock and ours may be apart: wide, since an execution outside the window is not seen. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Leaves time for another search after a slow response. */
const CALL_TIMEOUT_MS = 5_000;

/** One search reads at most 20 pages of 1,000 executions, and 300 contexts. */
const PAGE_SIZE = 1_000;
const MAX_PAGES = 20;
const MAX_CONTEXTS = 300;
const CONTEXT_CONCURRENCY = 8;
/** Larger contexts are read one at a time: eight of 8 MB would be too much for a function of 256 MB. */
const SMALL_CONTEXT_BYTES = 256 * 1024;

/** A phone number, with or without a channel before it (`whatsapp:+55…`). */
const PHONE_NUMBER = /^(?:[a-z]+:)?\+?([\d\s().-]{5,})$/i;
/**
 * The last digits, which no rewriting changes: Mexico's `+521…`, Argentina's `+549…`, Brazil's ninth digit.
 */
const SAME_DIGITS = 8;

type SearchOptions = Pick<CreateJob, 'executions' | 'now' | 'flowSid' | 'to' | 'correlation' | 'signal'>;

/** `absent` is proof: everything that could be it was looked at, late enough. */
export type SearchResult =
  | { outcome: 'found'; execution: Execution }
  | { outcome: 'absent' }
  | { outcome: 'unknown' };

/**
 * Searches for the execution that a create within `sendInterval` may have made: among the flow's executions of
 * that time and contact, for the one whose context carries the correlation value. Skips those in `ruledOut`, and
 * adds the ones that turn out not to be ours.
 */
export async function search(
  options: SearchOptions,
  sendInterval: SendInterval,
  ruledOut: Set<string>,
): Promise<SearchResult> {
  const late = options.now() >= sendInterval.untilMs + PROOF_AFTER_MS;
  try {
    const first = await searchOnce(options, sendInterval, ruledOut);
    if (first.outcome !== 'absent') return first;
    if (!late) return { outcome: 'unknown' };
    // Deletes between two pages can make a list skip items, so one pass over several pages proves nothing.
    return first.pages > 1 ? await searchOnce(options, sendInterval, ruledOut) : first;
  } catch (error) {
    // A failed search proves nothing.
    if (error instanceof StudioError) return { outcome: 'unknown' };
    throw error;
  }
}

type Pass = Exclude<SearchResult, { outcome: 'absent' }> | { outcome: 'absent'; pages: number };

async function searchOnce(
  options: SearchOptions,
  sendInterval: SendInterval,
  ruledOut: Set<string>,
): Promise<Pass> {
  const { executions, now, flowSid, to, signal } = options;
  const fromMs = sendInterval.fromMs - CLOCK_SKEW_MS;
  const toMs = sendInterval.untilMs + PROOF_AFTER_MS + CLOCK_SKEW_MS;
  const query = {
    dateCreatedFrom: new Date(fromMs).toISOString(),
    ...(toMs < now() ? { dateCreatedTo: new Date(toMs).toISOString() } : {}),
    pageSize: PAGE_SIZE,
  };
  let complete = true;
  let pages = 0;
  let contexts = 0;
  for await (const { items } of executions
    .list(flowSid, query, { signal, timeoutMs: CALL_TIMEOUT_MS })
    .pages()) {
    const candidates = items.filter((one) => !ruledOut.has(one.sid) && contactMayBe(one, to));
    for (let at = 0; at < candidates.length; at += CONTEXT_CONCURRENCY) {
      const some = candidates.slice(at, at + CONTEXT_CONCURRENCY);
      contexts += some.length;
      if (contexts > MAX_CONTEXTS) return { outcome: 'unknown' };
      const small = await Promise.all(some.map(({ sid }) => ownership(options, sid, SMALL_CONTEXT_BYTES)));
      for (const [index, execution] of some.entries()) {
        const { sid } = execution;
        const owner = small[index] === 'larger' ? await ownership(options, sid) : small[index];
        if (owner === 'ours') return { outcome: 'found', execution };
        if (owner === 'other') ruledOut.add(sid);
        else complete = false;
      }
    }
    pages++;
    // Newest first: if Studio ignores the filter, the following pages are older still.
    if (items.length > 0 && items.every((one) => isBefore(one, fromMs))) break;
    if (pages >= MAX_PAGES) return { outcome: 'unknown' };
  }
  return complete ? { outcome: 'absent', pages } : { outcome: 'unknown' };
}

/**
 * Whether the execution was created with our correlation value; `larger` if its context exceeds
 * `maxBodyBytes`.
 */
export async function ownership(
  { executions, flowSid, correlation, signal }: SearchOptions,
  executionSid: string,
  maxBodyBytes?: number,
): Promise<ReturnType<typeof ownershipOf> | 'larger'> {
  if (correlation === null) return 'unknown';
  try {
    const { context } = await executions.context(flowSid, executionSid, {
      signal,
      timeoutMs: CALL_TIMEOUT_MS,
      ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
    });
    return ownershipOf(context, correlation);
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    if (error.kind === 'not-found') return 'unknown';
    if (error.kind === 'other-flow') return 'other';
    if (error.oversized && maxBodyBytes !== undefined) return 'larger';
    throw error;
  }
}

function isBefore({ dateCreated }: Execution, epochMs: number): boolean {
  return dateCreated !== null && Date.parse(dateCreated) < epochMs;
}

/**
 * Whether an execution may belong to this contact. False only for phone numbers that differ in their last
 * eight digits, or in as many as both have: Studio may write an address differently from how it was sent, or
 * omit it.
 */
export function contactMayBe({ contactChannelAddress }: Execution, to: string): boolean {
  const theirs = digitsOf(contactChannelAddress);
  const wanted = digitsOf(to);
  const compared = Math.min(SAME_DIGITS, theirs.length, wanted.length);
  return compared === 0 || theirs.slice(-compared) === wanted.slice(-compared);
}

/** Returns the digits without leading zeros, which are dialling prefixes; empty if it is no phone number. */
function digitsOf(address: string | null): string {
  const number = PHONE_NUMBER.exec(address ?? '')?.[1] ?? '';
  return number.replaceAll(/\D/g, '').replace(/^0+/, '');
}
