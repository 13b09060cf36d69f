import * as v from 'valibot';
import type { Config, Policy } from '../../config/configuration.ts';
import { describeError } from '../../telemetry/log.ts';
import { purgeId } from '../record/purge-id.ts';
import type { PurgeRequest } from '../record/record.ts';
import { type StartPorts, startPurge } from './start.ts';

/** One due time of the schedule. */
export type Occurrence = { id: string; timeMs: number };

const SCHEDULE = 'schedule';
const LAST_OF_SECOND_MS = 999;

export function policyRequest({ flows, status, olderThan, action, archive }: Policy): PurgeRequest {
  return {
    flows,
    // `ended` is the default status, and only active executions can be ended.
    status: action === 'end' && status === 'ended' ? 'active' : status,
    olderThan,
    dateCreatedFrom: null,
    dateCreatedTo: null,
    contact: null,
    action,
    archive: archive && action === 'delete',
    limit: null,
    dryRun: false,
  };
}

/** Starts a policy's purge. An event that is delivered twice starts it once. */
export async function startPolicy(
  ports: StartPorts,
  policy: Policy,
  { id, timeMs }: Occurrence,
): Promise<PolicyRun> {
  // Events have whole seconds. The last millisecond of it keeps the list of purges newest first.
  const purge = purgeId(timeMs + LAST_OF_SECOND_MS, JSON.stringify([SCHEDULE, id, policy.name]));
  const started = await startPurge(
    ports,
    {
      id: purge,
      request: policyRequest(policy),
      requestedBy: SCHEDULE,
      policy: policy.name,
      nowMs: timeMs,
    },
    null,
  );
  return started.outcome === 'started'
    ? { policy: policy.name, purge, outcome: 'started' }
    : notStarted(policy, purge, started.cause);
}

/** What the durable execution keeps and the log shows; errors by name only. */
export type PolicyRun =
  | { policy: string; purge: string; outcome: 'started' }
  | { policy: string; purge: string | null; outcome: 'not-started'; errors: readonly string[] };

/** Starts each policy in a durable step. If one cannot be started, the others are. */
export async function startPolicies(
  config: Config,
  start: (policy: Policy) => Promise<PolicyRun>,
): Promise<PolicyRun[]> {
  const runs: PolicyRun[] = [];
  for (const policy of config.policies) {
    try {
      runs.push(await start(policy));
    } catch (cause) {
      runs.push(notStarted(policy, null, cause));
    }
  }
  return runs;
}

function notStarted({ name }: Policy, purge: string | null, cause: unknown): PolicyRun {
  return { policy: name, purge, outcome: 'not-started', errors: describeError(cause).errors ?? [] };
}

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
