import type { Checked } from '../checked.ts';
import { MAX_RESERVED_CONCURRENCY, type Settings } from '../deployment-settings.ts';

/**
 * Reserved concurrency of the functions: the number of concurrent runs set aside, which is also the maximum.
 */
export type Reserved = { trigger?: number | undefined; cleanup?: number | undefined };

/** Context of the synth: `npm run deploy` passes `-c reserve=true` if the account has enough concurrency. */
export const RESERVE_CONTEXT = 'reserve';
/** The stack's output with its own reservation, which the next deployment adds to what is free. */
export const RESERVED_OUTPUT = 'ReservedConcurrency';

/**
 * Runs besides one for each policy, which the schedule starts at once: the schedule's own, the census, and
 * two that callers start. Further runs wait in Lambda's queue, and an alarm reports it.
 */
const RUNS_BESIDE_POLICIES = 4;

/**
 * Returns the settings with a reservation, if they leave it open. The trigger gets its route's burst: with
 * less, Lambda would refuse requests that API Gateway has accepted. The default of 20 carries 20 a second
 * while Studio takes at most a second for each.
 */
export function withReservation({ config, settings }: Checked): Settings {
  if (settings.reservedConcurrency !== undefined) return settings;
  const trigger = Math.min(settings.throttling.triggerBurst, MAX_RESERVED_CONCURRENCY);
  const cleanup = config.policies.length + RUNS_BESIDE_POLICIES;
  return { ...settings, reservedConcurrency: { trigger, cleanup } };
}

/** Returns the reservation of these settings. */
export function reservedBy({ reservedConcurrency }: Settings): Reserved {
  return reservedConcurrency || {};
}

export function runsIn({ trigger = 0, cleanup = 0 }: Reserved): number {
  return trigger + cleanup;
}
