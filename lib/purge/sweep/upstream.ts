import type { Studio } from '../../studio/client.ts';
import type { CallOptions } from '../../studio/types.ts';
import { CALL_TIMEOUT_MS, PAGE_SIZE } from '../engine/limits.ts';
import type { Upstream } from '../engine/ports.ts';

const MAX_STEPS_A_PAGE = 1_000;

/** Studio as the purge sees it. */
export function upstreamOf(studio: Studio, options: CallOptions): Upstream {
  const { executions, steps } = studio;
  const until = (signal: AbortSignal | undefined) => (signal ? { ...options, signal } : options);
  const short = (signal: AbortSignal | undefined) => ({ timeoutMs: CALL_TIMEOUT_MS, ...until(signal) });
  return {
    pages: (flow, query, readAhead, signal) =>
      executions.list(flow, { ...query, pageSize: PAGE_SIZE }, { ...until(signal), readAhead }).pages(),
    fetch: (flow, sid, signal) => executions.fetch(flow, sid, short(signal)),
    context: (flow, sid, maxBodyBytes, signal) =>
      executions.context(flow, sid, { ...short(signal), maxBodyBytes, contextAsText: true }),
    steps: (flow, sid, maxBodyBytes, signal) =>
      steps.list(
        flow,
        sid,
        { pageSize: MAX_STEPS_A_PAGE },
        { ...short(signal), maxBodyBytes, contextAsText: true },
      ),
    end: (flow, sid, signal) => executions.end(flow, sid, short(signal)),
    delete: (flow, sid, signal) => executions.delete(flow, sid, short(signal)),
  };
}

/** The same, with every call and wait ended by the signal. */
export function until(signal: AbortSignal, upstream: Upstream): Upstream {
  return {
    pages: (flow, query, readAhead) => upstream.pages(flow, query, readAhead, signal),
    fetch: (flow, sid) => upstream.fetch(flow, sid, signal),
    context: (flow, sid, maxBodyBytes) => upstream.context(flow, sid, maxBodyBytes, signal),
    steps: (flow, sid, maxBodyBytes) => upstream.steps(flow, sid, maxBodyBytes, signal),
    end: (flow, sid) => upstream.end(flow, sid, signal),
    delete: (flow, sid) => upstream.delete(flow, sid, signal),
  };
}
