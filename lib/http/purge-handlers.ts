import type { Config } from '../config.ts';
import type { Desk } from '../purge/desk.ts';
import type { PurgeRecord, PurgeRequest } from '../purge/record.ts';
import type { Ordered } from '../purge/start.ts';
import { invalidRequest } from './problems.ts';
import { maySee, orderAnswer, requireFlows, unknownPurge } from './purge-answer.ts';
import type { Caller, Handlers } from './request.ts';

export type Order = { caller: string; route: string; idempotencyKey: string | null; request: PurgeRequest };

/** The routes of purges; a purge of flows that the caller may not touch is to it one that does not exist. */
export function purgeHandlers(
  config: Config,
  desk: Desk,
  order: (order: Order) => Promise<Ordered>,
): Handlers {
  const find = async (caller: Caller, id: string): Promise<PurgeRecord> => {
    const record = await desk.find(id);
    if (!record || !maySee(caller, record)) throw unknownPurge();
    return record;
  };
  return {
    'POST /purges': async ({ caller, route, body, idempotencyKey }) => {
      requireFlows(body, config, caller);
      const ordered = await order({ caller: caller.id, route, idempotencyKey, request: body });
      return orderAnswer(ordered, desk.view);
    },
    'GET /purges': async ({ caller, query: { limit, cursor } }) => {
      const page = await desk.list(limit, cursor ?? null);
      if (!page) throw invalidRequest([{ detail: 'is not a cursor of this list', pointer: '?cursor' }]);
      const seen = page.purges.filter((record) => maySee(caller, record));
      return { status: 200, body: { purges: seen.map(desk.view), nextCursor: page.next } };
    },
    'GET /purges/{purge}': async ({ caller, params }) => ({
      status: 200,
      body: desk.view(await find(caller, params.purge)),
    }),
    'POST /purges/{purge}/stop': async ({ caller, params }) => {
      const { id } = await find(caller, params.purge);
      const stopped = await desk.stop(id);
      if (stopped.outcome === 'unknown-purge') throw unknownPurge();
      return { status: stopped.outcome === 'stopping' ? 202 : 200, body: desk.view(stopped.record) };
    },
  };
}
