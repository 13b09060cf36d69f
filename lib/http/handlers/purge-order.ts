import type { Config } from '../../config/configuration.ts';
import { findFlow } from '../../config/configuration.ts';
import type { KnownFailure } from '../../purge/engine/ports.ts';
import type { Ordered } from '../../purge/order/start.ts';
import type { PurgeRecord } from '../../purge/record/record.ts';
import type { PurgeView } from '../../purge/record/view.ts';
import { Problem } from '../problems.ts';
import { type AnswerOf, type Caller, mayTouch } from '../request.ts';
import type { AnswerBody } from '../schemas/answers.ts';
import type { PurgeBody } from '../schemas/purge.ts';

const RETRY_AFTER_MS = 5_000;
/** Purges take minutes to hours, but a problem says at most a minute (problems.ts). */
const RETRY_WHEN_FULL_MS = 60_000;

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
export function failureBody(
  { sid, flow, created, reason }: KnownFailure,
  { flows }: PurgeRecord,
): AnswerBody<'Failure'> {
  return { sid, flow: flows[flow]?.alias ?? null, dateCreated: created, reason };
}

export function unknownPurge(): Problem {
  return new Problem('unknown-purge', 'There is no purge with this id.');
}
