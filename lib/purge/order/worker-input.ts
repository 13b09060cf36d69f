import * as v from 'valibot';
import type { Occurrence } from './policies.ts';

/** What the worker is started with: one purge, by POST /purges and by itself, or the schedule's event. */
export type WorkerInput =
  | { kind: 'purge'; purge: string; run: number }
  /** null where the event does not say: then it is this very start. */
  | { kind: 'schedule'; id: string | null; timeMs: number | null };

const purge = v.object({ purge: v.string(), run: v.optional(v.pipe(v.number(), v.safeInteger()), 1) });

/** EventBridge's event of a rule, or of a scheduler that sends the same. */
const scheduled = v.object({
  source: v.picklist(['aws.events', 'aws.scheduler', 'schedule']),
  id: v.optional(v.string()),
  time: v.optional(v.string()),
});

/** Throws for anything else: a worker that was started by mistake must not do anything. */
export function readWorkerInput(event: unknown): WorkerInput {
  const one = v.safeParse(purge, event);
  if (one.success) return { kind: 'purge', ...one.output };
  const { id, time } = v.parse(scheduled, event);
  const timeMs = Date.parse(time ?? '');
  return { kind: 'schedule', id: id ?? null, timeMs: Number.isNaN(timeMs) ? null : timeMs };
}

export function occurrenceOf(
  { id, timeMs }: { id: string | null; timeMs: number | null },
  startedMs: number,
) {
  const occurrence: Occurrence = { id: id ?? String(timeMs ?? startedMs), timeMs: timeMs ?? startedMs };
  return occurrence;
}
