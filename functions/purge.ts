import { randomUUID } from 'node:crypto';
import { createClaimStore } from '../lib/aws/claims.ts';
import { orderPurge } from '../lib/aws/purge-orders.ts';
import { createPurgeStore } from '../lib/aws/purges.ts';
import { coldStart } from '../lib/aws/runtime.ts';
import { openTable } from '../lib/aws/table.ts';
import { createWorkerStarter } from '../lib/aws/worker.ts';
import { invalidRequest } from '../lib/http/problems.ts';
import { checkFlows, maySee, orderAnswer, unknownPurge } from '../lib/http/purge-answer.ts';
import type { Caller } from '../lib/http/request.ts';
import { serve } from '../lib/http/serve.ts';
import { describeError, log } from '../lib/log.ts';
import { isPurgeId } from '../lib/purge/purge-id.ts';
import type { PurgeRecord } from '../lib/purge/record.ts';
import { stopPurge } from '../lib/purge/stop.ts';
import { viewOf } from '../lib/purge/view.ts';

const runtime = coldStart(process.env, ['table', 'cleanupFunction']);
const { config, env, environment, secret, now } = runtime;
const table = openTable(env, environment.region, environment.table);
const store = createPurgeStore(table, now);
const worker = createWorkerStarter(env, environment.region, environment.cleanupFunction);
const claims = createClaimStore(table);
const onTrouble = (error: Error) => log('ERROR', 'claim could not be settled', describeError(error));
const ports = { config, secret, store, worker, claims, now, newId: randomUUID, onTrouble };
const view = (record: PurgeRecord) => viewOf(record, now());

/** Throws what answers 404, also for a purge that is none of the caller's business. */
async function recordFor(caller: Caller, id: string): Promise<PurgeRecord> {
  const found = isPurgeId(id) ? await store.read(id) : undefined;
  if (!found || !maySee(caller, found.record)) throw unknownPurge();
  return found.record;
}

export const handler = serve(runtime, {
  'POST /purges': async ({ caller, route, body, idempotencyKey }) => {
    checkFlows(body, config, caller);
    const order = { caller: caller.id, route, idempotencyKey, request: body };
    return orderAnswer(await orderPurge(ports, order), view);
  },
  'GET /purges': async ({ caller, query: { limit, cursor } }) => {
    if (cursor !== undefined && !isPurgeId(cursor))
      throw invalidRequest([{ detail: 'is not a cursor of this list', pointer: '?cursor' }]);
    const { purges, next } = await store.list(limit, cursor ?? null);
    const seen = purges.filter((record) => maySee(caller, record));
    return { status: 200, body: { purges: seen.map(view), nextCursor: next } };
  },
  'GET /purges/{purge}': async ({ caller, params }) => ({
    status: 200,
    body: view(await recordFor(caller, params.purge)),
  }),
  'POST /purges/{purge}/stop': async ({ caller, params }) => {
    const { id } = await recordFor(caller, params.purge);
    const stopped = await stopPurge(store, id, now());
    if (stopped.outcome === 'unknown-purge') throw unknownPurge();
    return { status: stopped.outcome === 'stopping' ? 202 : 200, body: view(stopped.record) };
  },
});
