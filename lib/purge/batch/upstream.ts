import type { Studio } from '../../studio/client.ts';
import type { CallOptions, ExecutionStatus, Step } from '../../studio/types.ts';
import { CALL_TIMEOUT_MS, PAGE_SIZE } from '../engine/limits.ts';

type ListQuery = { status?: ExecutionStatus; dateCreatedFrom?: string; dateCreatedTo: string };

/**
 * The calls of Studio that a purge makes. They throw StudioErrors: `aborted` when the signal ends the call,
 * `oversized` for more than `maxBodyBytes`, which bounds all pages of steps together.
 */
export function upstreamOf({ executions, steps }: Studio, options: CallOptions) {
  const until = (signal: AbortSignal | undefined) => (signal ? { ...options, signal } : options);
  const short = (signal: AbortSignal | undefined) => ({ timeoutMs: CALL_TIMEOUT_MS, ...until(signal) });
  const text = (signal: AbortSignal | undefined, maxBodyBytes: number) => ({
    ...short(signal),
    maxBodyBytes,
    contextAsText: true as const,
  });
  return {
    /** From the top. Each further page is requested when it is read, unless `readAhead`. */
    pages: (flow: string, query: ListQuery, readAhead: boolean, signal?: AbortSignal) =>
      executions.list(flow, { ...query, pageSize: PAGE_SIZE }, { ...until(signal), readAhead }).pages(),
    fetch: (flow: string, sid: string, signal?: AbortSignal) => executions.fetch(flow, sid, short(signal)),
    context: (flow: string, sid: string, maxBodyBytes: number, signal?: AbortSignal) =>
      executions.context(flow, sid, text(signal, maxBodyBytes)),
    steps: (flow: string, sid: string, maxBodyBytes: number, signal?: AbortSignal): AsyncIterable<Step> =>
      steps.list(flow, sid, { pageSize: PAGE_SIZE }, text(signal, maxBodyBytes)),
    end: (flow: string, sid: string, signal?: AbortSignal) => executions.end(flow, sid, short(signal)),
    delete: (flow: string, sid: string, signal?: AbortSignal) => executions.delete(flow, sid, short(signal)),
  };
}
