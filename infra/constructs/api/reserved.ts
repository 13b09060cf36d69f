import type { Checked } from '../checked.ts';
import { MAX_RESERVED_CONCURRENCY, type Settings } from '../deployment-settings.ts';

/** Reserved concurrency: runs at once that are set aside for one function, and its maximum. */
export type Reserved = { trigger?: number | undefined; cleanup?: number | undefined };

/** What `npm run deploy` tells the synth once it has seen that the account has room: `-c reserve=true`. */
export const RESERVE_CONTEXT = 'reserve';
/** The stack's output by which the next one knows how much of what the account lacks is its own. */
export const RESERVED_OUTPUT = 'ReservedConcurrency';

/**
 * Beside a run for each policy, which the schedule starts all at once: the schedule's own, the census, and
 * two that callers start. What is beyond waits in Lambda's own queue, and is not lost, but an alarm tells of
 * it.
 */
const RUNS_BESIDE_POLICIES = 4;

/**
 * The settings with what is set aside where they leave it open. For the trigger it is all that its route lets
 * in at once: with less, Lambda would refuse a burst that API Gateway has let through. The twenty of the
 * default carry twenty a second while Studio takes a second and less for each.
 */
export function withReservation({ config, settings }: Checked): Settings {
  if (settings.reservedConcurrency !== undefined) return settings;
  const trigger = Math.min(settings.throttling.triggerBurst, MAX_RESERVED_CONCURRENCY);
  const cleanup = config.policies.length + RUNS_BESIDE_POLICIES;
  return { ...settings, reservedConcurrency: { trigger, cleanup } };
}

/** What these settings set aside. */
export function reservedBy({ reservedConcurrency }: Settings): Reserved {
  return reservedConcurrency || {};
}

export function runsIn({ trigger = 0, cleanup = 0 }: Reserved): number {
  return trigger + cleanup;
}
