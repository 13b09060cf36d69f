import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { LOCAL_ADMIN, LOCAL_CALLERS } from '../../../infra/local/caller-tokens.ts';
import type { PlannedPurge } from './plan.ts';
import type { Bounds } from './selection.ts';

/** The API, as far as it is needed here: what it answers is checked before it is believed. */

const count = v.pipe(v.number(), v.integer());
const purgeSchema = v.object({
  id: v.string(),
  policy: v.nullable(v.string()),
  status: v.picklist(['running', 'succeeded', 'stopped', 'failed']),
  window: v.object({ from: v.nullable(v.string()), to: v.string() }),
  counts: v.object({
    listed: count,
    matched: count,
    archived: count,
    ended: count,
    deleted: count,
    alreadyGone: count,
    failed: count,
  }),
  activeMatched: v.nullable(count),
  failures: v.array(v.object({ sid: v.string(), reason: v.string() })),
  digest: v.object({ count, value: v.string() }),
  error: v.nullable(v.string()),
});
const listSchema = v.object({ purges: v.array(purgeSchema) });
export type Purge = v.InferOutput<typeof purgeSchema> & {
  /** The record as it was answered. */
  text: string;
};

const POLL_MS = 250;
/** To meet it in its middle. */
const STOP_POLL_MS = 20;

/** Half of the purges are this caller's: one may not have all of them running at once. */
const SECOND_CALLER = 'chaos-second';
export const CALLERS = [
  ...LOCAL_CALLERS,
  { name: SECOND_CALLER, token: SECOND_CALLER, scopes: ['purge' as const] },
];

export function createApi(url: string) {
  let started = 0;
  async function call(method: string, path: string, body?: unknown, token = LOCAL_ADMIN): Promise<unknown> {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
  return {
    async start(purge: PlannedPurge, { from, to }: Bounds): Promise<string> {
      const token = started++ % 2 === 0 ? LOCAL_ADMIN : SECOND_CALLER;
      const body = {
        flows: purge.flows,
        status: purge.status,
        ...(from === null ? {} : { dateCreatedFrom: from }),
        ...(to === null ? {} : { dateCreatedTo: to }),
        ...(purge.contact === undefined ? {} : { contact: purge.contact }),
        action: purge.action,
        archive: purge.archive ?? false,
        dryRun: purge.dryRun ?? false,
      };
      return v.parse(purgeSchema, await call('POST', '/purges', body, token)).id;
    },
    /** The purge that the schedule starts for this policy. Throws an AbortError when `signal` says so. */
    async ofPolicy(policy: string, signal: AbortSignal): Promise<string> {
      for (;;) {
        const { purges } = v.parse(listSchema, await call('GET', '/purges'));
        const found = purges.find((purge) => purge.policy === policy);
        if (found) return found.id;
        await sleep(POLL_MS, undefined, { signal });
      }
    },
    /** Stops it once it has done something. */
    async stop(id: string, signal: AbortSignal): Promise<void> {
      for (;;) {
        const { status, counts } = v.parse(purgeSchema, await call('GET', `/purges/${id}`));
        if (status !== 'running' || signal.aborted) return;
        if (counts.deleted > 0) break;
        await sleep(STOP_POLL_MS);
      }
      await call('POST', `/purges/${id}/stop`);
    },
    /** The record once the purge is over, or as it stands when `signal` says that it has taken too long. */
    async ended(id: string, signal: AbortSignal): Promise<Purge> {
      for (;;) {
        const answer = await call('GET', `/purges/${id}`);
        const purge = v.parse(purgeSchema, answer);
        if (purge.status !== 'running' || signal.aborted) return { ...purge, text: JSON.stringify(answer) };
        await sleep(POLL_MS);
      }
    },
  };
}
