import type { Context } from 'aws-lambda';

/** An HTTP API cuts at 30 s; this leaves time for the answer, the cold start and the network. */
const TOTAL_MS = 25_000;
/** Time reserved before Lambda's timeout for writing the answer and the log. */
const MARGIN_MS = 1_000;
/** Time that a handler has after the signal. Then `serve` answers in its place. */
const GRACE_MS = 500;

type Deadline = {
  /** When the answer is due, in epoch milliseconds. */
  deadlineMs: number;
  /** Ends at the deadline. */
  signal: AbortSignal;
  /** Resolves a little later; for what does not listen to the signal. */
  passed: Promise<'passed'>;
  clear(): void;
};

/** The time that one request has, from `startedAt` on, retries and upstream calls included. */
export function startDeadline(
  startedAt: number,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Deadline {
  const leftMs = Math.max(0, Math.min(TOTAL_MS, context.getRemainingTimeInMillis() - MARGIN_MS));
  const controller = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  timers.push(setTimeout(() => controller.abort(), leftMs));
  const passed = new Promise<'passed'>((resolve) => {
    timers.push(setTimeout(() => resolve('passed'), leftMs + GRACE_MS));
  });
  return {
    deadlineMs: startedAt + leftMs,
    signal: controller.signal,
    passed,
    clear: () => timers.forEach(clearTimeout),
  };
}
