import type { SendWindow } from '../idempotency/claims.ts';
import { StudioError } from '../studio/errors.ts';
import type { Execution } from '../studio/types.ts';
import { contactMayBe } from './contact.ts';
import { belongsTo } from './correlation.ts';
import type { Executions } from './ports.ts';

/** Twilio gives up on a create after about 26 s; until then it may still appear. */
const UPSTREAM_LIMIT_MS = 26_000;
/** For clocks that differ. */
const PROOF_MARGIN_MS = 4_000;
/** How much later than the last send a look must begin for an absence to be proof. */
export const PROOF_AFTER_MS = UPSTREAM_LIMIT_MS + PROOF_MARGIN_MS;

/** How far Studio's clock and ours may be apart: wide, since an execution outside the window is not seen. */
const CLOCK_SKEW_MS = 5 * 60_000;
const SECOND_MS = 1_000;

/** So that one slow answer leaves time for another look. */
const CALL_TIMEOUT_MS = 5_000;

/** One look reads at most so many pages of so many executions, and so many contexts. */
const PAGE_SIZE = 1_000;
const MAX_PAGES = 20;
const MAX_CONTEXTS = 300;
const CONTEXT_CONCURRENCY = 8;
/** Larger contexts are read one at a time: eight of 8 MB would be too much for a function of 256 MB. */
const SMALL_CONTEXT_BYTES = 256 * 1024;

export type LookJob = {
  executions: Pick<Executions, 'list' | 'context'>;
  now: () => number;
  flowSid: string;
  /** The contact's address, as it was sent. */
  to: string;
  /** null: creates carry none, so that what is found cannot be told from somebody else's. */
  correlation: string | null;
  signal: AbortSignal;
};

/** `absent` is proof: everything that could be it was looked at, late enough. */
export type Looked = { outcome: 'found'; execution: Execution } | { outcome: 'absent' } | { outcome: 'open' };

/**
 * Looks for the execution that a create within `sends` may have made: among the flow's executions of that
 * time and contact, for the one whose context carries the correlation value. Executions in `others` were
 * looked at before; what turns out to be somebody else's is added.
 */
export async function look(job: LookJob, sends: SendWindow, others: Set<string>): Promise<Looked> {
  const late = job.now() >= sends.untilMs + PROOF_AFTER_MS;
  try {
    const first = await lookThrough(job, sends, others);
    if (first.outcome !== 'nothing') return first;
    if (!late) return { outcome: 'open' };
    // Deletes between two pages can make a list skip items, so that one walk over several proves nothing.
    const last = first.pages > 1 ? await lookThrough(job, sends, others) : first;
    return last.outcome === 'nothing' ? { outcome: 'absent' } : last;
  } catch (error) {
    // Trouble while looking proves nothing in either direction.
    if (error instanceof StudioError) return { outcome: 'open' };
    throw error;
  }
}

async function lookThrough(
  job: LookJob,
  sends: SendWindow,
  others: Set<string>,
): Promise<
  { outcome: 'found'; execution: Execution } | { outcome: 'open' } | { outcome: 'nothing'; pages: number }
> {
  const fromMs = sends.fromMs - CLOCK_SKEW_MS;
  const toMs = sends.untilMs + PROOF_AFTER_MS + CLOCK_SKEW_MS;
  const query = {
    dateCreatedFrom: isoSeconds(fromMs),
    ...(toMs < job.now() ? { dateCreatedTo: isoSeconds(toMs) } : {}),
    pageSize: PAGE_SIZE,
  };
  const options = { signal: job.signal, timeoutMs: CALL_TIMEOUT_MS };
  let complete = true;
  let pages = 0;
  let contexts = 0;
  for await (const { items } of job.executions.list(job.flowSid, query, options).pages()) {
    const candidates = items.filter((one) => !others.has(one.sid) && contactMayBe(one, job.to));
    for (let at = 0; at < candidates.length; at += CONTEXT_CONCURRENCY) {
      const some = candidates.slice(at, at + CONTEXT_CONCURRENCY);
      contexts += some.length;
      if (contexts > MAX_CONTEXTS) return { outcome: 'open' };
      const belongings = await belongingsOf(job, some);
      for (const [index, execution] of some.entries()) {
        if (belongings[index] === 'ours') return { outcome: 'found', execution };
        if (belongings[index] === 'other') others.add(execution.sid);
        else complete = false;
      }
    }
    pages++;
    // Newest first: where a Studio does not apply the filter, the rest is older still.
    if (items.length > 0 && items.every((one) => isBefore(one, fromMs))) break;
    if (pages >= MAX_PAGES) return { outcome: 'open' };
  }
  return complete ? { outcome: 'nothing', pages } : { outcome: 'open' };
}

type Belonging = 'ours' | 'other' | 'unclear';

async function belongingsOf(job: LookJob, some: readonly Execution[]): Promise<Belonging[]> {
  const belongings: Belonging[] = [];
  const first = await Promise.all(some.map(({ sid }) => belonging(job, sid, SMALL_CONTEXT_BYTES)));
  for (const [index, { sid }] of some.entries()) {
    const found = first[index];
    belongings.push(found === undefined || found === 'larger' ? await belonging(job, sid) : found);
  }
  return belongings;
}

/**
 * Whether the execution was created with our correlation value; `larger` if its context exceeds
 * `maxBodyBytes`.
 */
export async function belonging(job: LookJob, executionSid: string): Promise<Belonging>;
export async function belonging(
  job: LookJob,
  executionSid: string,
  maxBodyBytes: number,
): Promise<Belonging | 'larger'>;
export async function belonging(
  { executions, flowSid, correlation, signal }: LookJob,
  executionSid: string,
  maxBodyBytes?: number,
): Promise<Belonging | 'larger'> {
  if (correlation === null) return 'unclear';
  try {
    const { context } = await executions.context(flowSid, executionSid, {
      signal,
      timeoutMs: CALL_TIMEOUT_MS,
      ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
    });
    return belongsTo(context, correlation);
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    if (error.kind === 'not-found') return 'unclear';
    if (error.kind === 'other-flow') return 'other';
    if (error.oversized && maxBodyBytes !== undefined) return 'larger';
    throw error;
  }
}

function isBefore({ dateCreated }: Execution, epochMs: number): boolean {
  return dateCreated !== null && Date.parse(dateCreated) < epochMs;
}

function isoSeconds(epochMs: number): string {
  return `${new Date(Math.floor(epochMs / SECOND_MS) * SECOND_MS).toISOString().slice(0, -'.000Z'.length)}Z`;
}
