import type { Config } from '../config.ts';
import { findFlow } from '../config.ts';
import type { PurgeRecord } from '../purge/record.ts';
import type { Ordered } from '../purge/start.ts';
import type { PurgeView } from '../purge/view.ts';
import { invalidRequest, Problem } from './problems.ts';
import type { Answer, Caller } from './request.ts';
import type { PurgeBody } from './schemas/purge.ts';

const RETRY_AFTER_MS = 5_000;

/** What a caller is answered who asked for a purge. */
export function orderAnswer(ordered: Ordered, view: (record: PurgeRecord) => PurgeView): Answer {
  switch (ordered.outcome) {
    case 'started':
      return {
        status: 202,
        body: view(ordered.record),
        headers: {
          location: `/purges/${ordered.record.id}`,
          ...(ordered.replayed ? { 'idempotent-replayed': 'true' } : {}),
        },
      };
    case 'not-started':
    case 'unavailable':
      throw new Problem('unavailable', 'The purge could not be started; nothing was changed.', {
        retryAfterMs: RETRY_AFTER_MS,
        cause: ordered.cause,
      });
    case 'in-progress':
      throw new Problem('request-in-progress', 'The first request with this key still runs.', ordered);
    case 'key-reused':
      throw new Problem('idempotency-key-reused', 'The first request with this key had another payload.');
  }
}

/** The flows must be configured ones, and the caller's: every one that is not is named. */
export function checkFlows({ flows }: PurgeBody, config: Config, caller: Caller): void {
  const names = flows === 'all' ? config.flows.map(({ alias }) => alias) : flows;
  const found = names.map((name) => findFlow(config, name));
  const mistakes = found.flatMap((flow, index) =>
    flow ? [] : [{ detail: 'is not a configured flow', pointer: `#/flows/${index}` }],
  );
  if (mistakes.length > 0) throw invalidRequest(mistakes);
  if (found.some((flow) => flow && !mayTouch(caller, flow.sid)))
    throw new Problem('forbidden', 'The caller may not touch every one of these flows.');
}

/** A purge of flows that the caller may not touch is none of its business. */
export function maySee(caller: Caller, record: PurgeRecord): boolean {
  return record.flows.every(({ sid }) => mayTouch(caller, sid));
}

export function unknownPurge(): Problem {
  return new Problem('unknown-purge', 'There is no purge with this id.');
}

function mayTouch(caller: Caller, sid: string): boolean {
  return caller.flows === null || caller.flows.includes(sid);
}
