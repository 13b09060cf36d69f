import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, log } from '../telemetry/log.ts';
import type { TriggerPorts } from '../trigger/trigger.ts';
import type { Runtime } from './runtime.ts';
import { createClaimStore } from './table/claims.ts';
import { openTable } from './table/table.ts';

/** What lib/trigger works with in a function: the table, Studio, and the process's time and randomness. */
export function triggerPorts({ env, environment, secret, studio, now }: Runtime<'table'>): TriggerPorts {
  return {
    claims: createClaimStore(openTable(env, environment.region, environment.table)),
    executions: studio.executions,
    apiKeySecret: async () => (await secret.get()).apiKeySecret,
    onError: (error) => log('ERROR', 'claim could not be settled', describeError(error)),
    newId: randomUUID,
    random: Math.random,
    sleep: (ms) => sleep(ms),
    now,
  };
}
