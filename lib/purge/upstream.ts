import type { Studio } from '../studio/client.ts';
import type { CallOptions } from '../studio/types.ts';
import { PAGE_SIZE } from './limits.ts';
import type { Upstream } from './ports.ts';

const MAX_STEPS_A_PAGE = 1_000;

/** Studio as the purge sees it. */
export function upstreamOf(studio: Studio, options: CallOptions): Upstream {
  const { executions, steps } = studio;
  return {
    pages: (flow, query, readAhead) =>
      executions.list(flow, { ...query, pageSize: PAGE_SIZE }, { ...options, readAhead }).pages(),
    fetch: (flow, sid) => executions.fetch(flow, sid, options),
    context: (flow, sid) => executions.context(flow, sid, options),
    steps: (flow, sid) => steps.list(flow, sid, { pageSize: MAX_STEPS_A_PAGE }, options),
    end: (flow, sid) => executions.end(flow, sid, options),
    delete: (flow, sid) => executions.delete(flow, sid, options),
  };
}
