import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { coldStart } from '../lib/aws/runtime.ts';
import { createClaimStore } from '../lib/aws/table/claims.ts';
import { openTable } from '../lib/aws/table/table.ts';
import { triggerAnswer, withoutForeignSid } from '../lib/http/handlers/trigger.ts';
import { serve } from '../lib/http/serve.ts';
import { describeError, log } from '../lib/telemetry/log.ts';
import { trigger } from '../lib/trigger/trigger.ts';

const runtime = coldStart(process.env, ['table']);
const { env, environment, secret, studio, now } = runtime;
const ports = {
  claims: createClaimStore(openTable(env, environment.region, environment.table)),
  executions: studio.executions,
  apiKeySecret: async () => (await secret.get()).apiKeySecret,
  onError: (error: Error) => log('ERROR', 'claim could not be settled', describeError(error)),
  newId: randomUUID,
  random: Math.random,
  sleep: (ms: number) => sleep(ms),
  now,
};
// Opens the connection to Studio while the secret is read.
studio.prepare();

export const handler = serve(runtime, {
  'POST /flows/{flow}/executions': async (request) => {
    // Opens the connection to Studio while the claim is written.
    studio.prepare();
    const { caller, ...wanted } = request;
    const triggered = await trigger(ports, { ...wanted, caller: caller.id });
    return triggerAnswer(await withoutForeignSid(studio.executions, triggered, request), request.flow);
  },
});
