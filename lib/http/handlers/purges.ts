import type { Config } from '../../config/configuration.ts';
import { findFlow } from '../../config/configuration.ts';
import type { FailureStore, KnownFailure } from '../../purge/engine/ports.ts';
import type { Order } from '../../purge/order/order.ts';
import type { PurgeService } from '../../purge/order/purge-service.ts';
import type { Ordered } from '../../purge/order/start.ts';
import type { PurgeRecord } from '../../purge/record/record.ts';
import type { PurgeView } from '../../purge/record/view.ts';
import { foreignCursor, openCursor, sealCursor } from '../list/cursor.ts';
import { Problem } from '../problems.ts';
import { type AnswerOf, type Caller, type Handlers, mayTouch, type ServeRuntime } from '../request.ts';
import type { AnswerBody } from '../schemas/answers.ts';
import type { PurgeBody } from '../schemas/purge.ts';

const RETRY_AFTER_MS = 5_000;
/** Purges take minutes to hours, but a problem says at most a minute (problems.ts). */
const RETRY_WHEN_FULL_MS = 60_000;

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

/** Returns the answer to a request to start a purge. */
export function orderAnswer(ordered: Ordered, view: (record: PurgeRecord) => PurgeView): AnswerOf<'Purge'> {
  switch (ordered.outcome) {
    case 'started':
      return {
        status: 202,
        body: view(ordered.record),
        headers: {
          // Relative to the request (RFC 9110, 10.2.2): a stage, a base path or a proxy's prefix stays before
          // it.
          location: `./purges/${ordered.record.id}`,
          ...(ordered.replayed ? { 'idempotent-replayed': 'true' } : {}),
        },
      };
    case 'not-started':
    case 'unavailable':
      throw new Problem('unavailable', 'The purge could not be started; nothing was changed.', {
        retryAfterMs: RETRY_AFTER_MS,
        cause: ordered.cause,
      });
    case 'full':
      throw new Problem('throttled', whyFull(ordered), { retryAfterMs: RETRY_WHEN_FULL_MS });
    case 'in-progress':
      throw new Problem('request-in-progress', 'The first request with this key still runs.', {
        retryAfterMs: ordered.retryAfterMs,
      });
    case 'key-reused':
      throw new Problem('idempotency-key-reused', 'The first request with this key had another payload.');
  }
}

function whyFull({ of, most }: Extract<Ordered, { outcome: 'full' }>): string {
  const running = of === 'caller' ? `This caller has ${most} purges running` : `${most} purges are running`;
  return `${running}, which is the limit. Nothing was started: wait until one has ended, or stop one.`;
}

/** Throws 403 unless the caller may touch every flow of the request, which are configured ones by then. */
export function requireFlows({ flows }: Pick<PurgeBody, 'flows'>, config: Config, caller: Caller): void {
  const chosen = flows === 'all' ? config.flows : flows.map((name) => findFlow(config, name));
  if (!chosen.every((flow) => flow && mayTouch(caller, flow)))
    throw new Problem('forbidden', 'The caller may not touch every one of these flows.');
}

/** A caller sees a purge only if it may access all of the purge's flows. */
export function maySee(caller: Caller, record: PurgeRecord): boolean {
  return record.flows.every((flow) => mayTouch(caller, flow));
}

/** Returns a failure without the members that only the worker needs. */
function failureBody(
  { sid, flow, created, reason }: KnownFailure,
  { flows }: PurgeRecord,
): AnswerBody<'Failure'> {
  return { sid, flow: flows[flow]?.alias ?? null, dateCreated: created, reason };
}

function unknownPurge(): Problem {
  return new Problem('unknown-purge', 'There is no purge with this id.');
}
