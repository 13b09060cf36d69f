import * as v from 'valibot';
import type { Occurrence } from './policies.ts';

/** What the worker is started with: a run of a purge, or the schedule's event. */
export type WorkerInput =
  | { kind: 'purge'; purge: string; run: number }
  /** null if the event does not say: then this start is the occurrence. */
  | { kind: 'schedule'; id: string | null; timeMs: number | null };

const purge = v.object({ purge: v.string(), run: v.optional(v.pipe(v.number(), v.safeInteger()), 1) });

/** The event of an EventBridge rule or schedule. */
const scheduled = v.object({
  source: v.picklist(['aws.events', 'aws.scheduler', 'schedule']),
  id: v.optional(v.string()),
  time: v.optional(v.string()),
});

/** Throws for anything else. */
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
