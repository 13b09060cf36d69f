import type { Studio } from '../../studio/client.ts';
import type { CallOptions } from '../../studio/types.ts';
import { CALL_TIMEOUT_MS, PAGE_SIZE } from '../engine/limits.ts';
import type { Upstream } from '../engine/ports.ts';

/** Studio as the purge sees it. */
export function upstreamOf({ executions, steps }: Studio, options: CallOptions): Upstream {
  const until = (signal: AbortSignal | undefined) => (signal ? { ...options, signal } : options);
  const short = (signal: AbortSignal | undefined) => ({ timeoutMs: CALL_TIMEOUT_MS, ...until(signal) });
  const text = (signal: AbortSignal | undefined, maxBodyBytes: number) => ({
    ...short(signal),
    maxBodyBytes,
    contextAsText: true as const,
  });
  return {
    pages: (flow, query, readAhead, signal) =>
      executions.list(flow, { ...query, pageSize: PAGE_SIZE }, { ...until(signal), readAhead }).pages(),
    fetch: (flow, sid, signal) => executions.fetch(flow, sid, short(signal)),
    context: (flow, sid, maxBodyBytes, signal) => executions.context(flow, sid, text(signal, maxBodyBytes)),
    steps: (flow, sid, maxBodyBytes, signal) =>
      steps.list(flow, sid, { pageSize: PAGE_SIZE }, text(signal, maxBodyBytes)),
    end: (flow, sid, signal) => executions.end(flow, sid, short(signal)),
    delete: (flow, sid, signal) => executions.delete(flow, sid, short(signal)),
  };
}
