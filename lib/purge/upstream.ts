import type { Studio } from '../studio/client.ts';
import type { CallOptions } from '../studio/types.ts';
import { CALL_TIMEOUT_MS, PAGE_SIZE } from './limits.ts';
import type { Upstream } from './ports.ts';

const MAX_STEPS_A_PAGE = 1_000;

/** Studio as the purge sees it. */
export function upstreamOf(studio: Studio, options: CallOptions): Upstream {
  const { executions, steps } = studio;
  const short = { timeoutMs: CALL_TIMEOUT_MS, ...options };
  return {
    pages: (flow, query, readAhead) =>
      executions.list(flow, { ...query, pageSize: PAGE_SIZE }, { ...options, readAhead }).pages(),
    fetch: (flow, sid) => executions.fetch(flow, sid, short),
    context: (flow, sid) => executions.context(flow, sid, short),
    steps: (flow, sid) => steps.list(flow, sid, { pageSize: MAX_STEPS_A_PAGE }, short),
    end: (flow, sid) => executions.end(flow, sid, short),
    delete: (flow, sid) => executions.delete(flow, sid, short),
  };
}
