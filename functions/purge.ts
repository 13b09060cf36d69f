import { randomUUID } from 'node:crypto';
import { coldStart } from '../lib/aws/runtime.ts';
import { createClaimStore } from '../lib/aws/table/claims.ts';
import { createFailureStore } from '../lib/aws/table/failures.ts';
import { createPurgeStore } from '../lib/aws/table/purges.ts';
import { createSlotStore } from '../lib/aws/table/slots.ts';
import { openTable } from '../lib/aws/table/table.ts';
import { createWorkerStarter } from '../lib/aws/worker.ts';
import { purgeHandlers } from '../lib/http/handlers/purges.ts';
import { serve } from '../lib/http/serve.ts';
import { orderPurge } from '../lib/purge/order/order.ts';
import { createPurgeService } from '../lib/purge/order/purge-service.ts';
import { describeError, log } from '../lib/telemetry/log.ts';

const runtime = coldStart(process.env, ['table', 'cleanupFunction']);
const { config, env, environment, secret, now } = runtime;
const table = openTable(env, environment.region, environment.table);
const store = createPurgeStore(table, now);
const worker = createWorkerStarter(env, environment.region, environment.cleanupFunction);
const failures = createFailureStore(table, now);
const claims = createClaimStore(table);
const onError = (error: Error) => log('ERROR', 'claim could not be settled', describeError(error));
const slots = createSlotStore(table);
const ports = { config, secret, store, slots, worker, claims, now, newId: randomUUID, onError };

export const handler = serve(
  runtime,
  purgeHandlers({
    config,
    secret,
    purges: createPurgeService({ store, failures }, now),
    failures,
    order: (order) => orderPurge(ports, order),
  }),
);
