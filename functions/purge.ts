import { randomUUID } from 'node:crypto';
import { createClaimStore } from '../lib/aws/claims.ts';
import { createFailureStore } from '../lib/aws/failures.ts';
import { orderPurge } from '../lib/aws/purge-orders.ts';
import { createPurgeStore } from '../lib/aws/purges.ts';
import { coldStart } from '../lib/aws/runtime.ts';
import { createSlotStore } from '../lib/aws/slots.ts';
import { openTable } from '../lib/aws/table.ts';
import { createWorkerStarter } from '../lib/aws/worker.ts';
import { purgeHandlers } from '../lib/http/purge-handlers.ts';
import { serve } from '../lib/http/serve.ts';
import { describeError, log } from '../lib/log.ts';
import { createDesk } from '../lib/purge/desk.ts';

const runtime = coldStart(process.env, ['table', 'cleanupFunction']);
const { config, env, environment, secret, now } = runtime;
const table = openTable(env, environment.region, environment.table);
const store = createPurgeStore(table, now);
const worker = createWorkerStarter(env, environment.region, environment.cleanupFunction);
const failures = createFailureStore(table, now);
const claims = createClaimStore(table);
const onTrouble = (error: Error) => log('ERROR', 'claim could not be settled', describeError(error));
const slots = createSlotStore(table);
const ports = { config, secret, store, slots, worker, claims, now, newId: randomUUID, onTrouble };

export const handler = serve(
  runtime,
  purgeHandlers({
    config,
    secret,
    desk: createDesk({ store, failures }, now),
    failures,
    order: (order) => orderPurge(ports, order),
  }),
);
