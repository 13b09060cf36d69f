import type { Config } from '../../config/configuration.ts';
import type { FailureStore } from '../../purge/engine/ports.ts';
import type { PurgeService } from '../../purge/order/purge-service.ts';
import type { Ordered } from '../../purge/order/start.ts';
import type { PurgeRecord, PurgeRequest } from '../../purge/record/record.ts';
import { foreignCursor, openCursor, sealCursor } from '../list/cursor.ts';
import { type Caller, type Handlers, mayTouch, type ServeRuntime } from '../request.ts';
import { failureBody, maySee, orderAnswer, requireFlows, unknownPurge } from './purge-order.ts';

type Order = { caller: string; route: string; idempotencyKey: string | null; request: PurgeRequest };

export type PurgePorts = {
  config: Config;
  secret: Pick<ServeRuntime['secret'], 'get'>;
  purges: PurgeService;
  failures: Pick<FailureStore, 'page'>;
  order: (order: Order) => Promise<Ordered>;
};

/** The routes of purges. A purge of flows that the caller may not access answers 404. */
export function purgeHandlers({ config, secret, purges, failures, order }: PurgePorts): Handlers {
  const find = async (caller: Caller, id: string): Promise<PurgeRecord> => {
    const record = await purges.find(id);
    if (!record || !maySee(caller, record)) throw unknownPurge();
    return record;
  };
  return {
    'POST /purges': async ({ caller, route, body, idempotencyKey }) => {
      requireFlows(body, config, caller);
      const ordered = await order({ caller: caller.id, route, idempotencyKey, request: body });
      return orderAnswer(ordered, purges.view);
    },
    'GET /purges': async ({ caller, route, query: { limit, cursor } }) => {
      const key = await secret.get();
      const visible = config.flows.filter((flow) => mayTouch(caller, flow));
      const scope = [route, caller.id, ...visible.map(({ sid }) => sid)];
      const page = await purges.list(limit, openCursor<string>(key, scope, cursor) ?? null);
      if (!page) throw foreignCursor();
      const seen = page.purges.filter((record) => maySee(caller, record));
      return {
        status: 200,
        body: {
          purges: seen.map(purges.view),
          // Sealed, since it may name a purge that the caller may not see.
          nextCursor: sealCursor(key, scope, page.next),
        },
      };
    },
    'GET /purges/{purge}': async ({ caller, params }) => ({
      status: 200,
      body: purges.view(await find(caller, params.purge)),
    }),
    'GET /purges/{purge}/failures': async ({ caller, route, params, query: { limit, cursor } }) => {
      const record = await find(caller, params.purge);
      const key = await secret.get();
      const scope = [route, record.id];
      const after = openCursor<string>(key, scope, cursor) ?? null;
      const page = await failures.page(record.id, after, limit);
      return {
        status: 200,
        body: {
          failures: page.failures.map((failure) => failureBody(failure, record)),
          nextCursor: sealCursor(key, scope, page.next),
        },
      };
    },
    'POST /purges/{purge}/stop': async ({ caller, params }) => {
      const { id } = await find(caller, params.purge);
      const stopped = await purges.stop(id);
      if (stopped.outcome === 'unknown-purge') throw unknownPurge();
      return { status: stopped.outcome === 'stopping' ? 202 : 200, body: purges.view(stopped.record) };
    },
  };
}
