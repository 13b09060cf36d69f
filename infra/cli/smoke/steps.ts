import * as v from 'valibot';
import { type Answer, type Api, ApiProblem } from '../api.ts';
import { count } from '../format.ts';
import type { Io } from '../io.ts';
import { readPurge } from '../purge/summary.ts';

/** The steps of the smoke test, in order, on one execution of a test flow. */

/** A new execution may appear in lists late, and one request searches a limited number of executions. */
const FIND_TRIES = 20;
const FIND_PAUSE_MS = 1_000;
/** Allowance for clock skew between this machine and Studio. */
const CLOCK_SKEW_MS = 5 * 60_000;
const PURGE_POLLS = 300;
const PURGE_POLL_MS = 1_000;

/** An answer of the API that is not the expected one. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

const sid = v.pipe(v.string(), v.regex(/^FN[0-9a-fA-F]{32}$/));
const triggered = v.object({ outcome: v.string(), execution: v.object({ sid }) });
const found = v.object({
  executions: v.array(v.object({ sid, status: v.nullable(v.string()) })),
  nextCursor: v.nullable(v.string()),
});
const context = v.object({ executionSid: v.nullable(v.string()) });
const outcome = v.object({ outcome: v.string() });

function read<S extends v.GenericSchema>(schema: S, { status, body }: Answer): v.InferOutput<S> {
  const result = v.safeParse(schema, body);
  if (!result.success) throw new Unexpected(`answered ${status} with something else`);
  return result.output;
}

export type Job = {
  api: Api;
  io: Io;
  flow: string;
  to: string;
  /** The trigger's idempotency key: its retries start nothing more. */
  key: string;
  startedMs: number;
  signal: AbortSignal;
  /** The execution that was started, until it is deleted. */
  sid: string | null;
};

export type Step = {
  name: string;
  /** If this step fails, the remaining steps are not tried. */
  isGround?: true;
  needsExecution?: true;
  /** The step is skipped if the token lacks this scope. */
  scope?: string;
  /** Returns a short description of the result. Throws ApiProblem, ApiUnreachable or Unexpected. */
  run(job: Job): Promise<string>;
};

export const steps: readonly Step[] = [
  {
    name: 'health',
    isGround: true,
    run: async ({ api, signal }) =>
      String((await api.insist('GET', '/health', { token: null, signal })).status),
  },
  { name: 'strangers', isGround: true, run: refuseStrangers },
  {
    name: 'trigger',
    async run(job) {
      const { outcome: how, execution } = read(triggered, await trigger(job));
      job.sid = execution.sid;
      return `${how} ${execution.sid}`;
    },
  },
  {
    name: 'repeat',
    needsExecution: true,
    async run(job) {
      const answer = await trigger(job);
      const { execution } = read(triggered, answer);
      if (execution.sid !== job.sid) throw new Unexpected(`started a second one: ${execution.sid}`);
      if (answer.headers.get('idempotent-replayed') !== 'true')
        throw new Unexpected('is not said to be replayed');
      return 'the same execution, replayed';
    },
  },
  { name: 'find', needsExecution: true, run: find },
  {
    name: 'context',
    needsExecution: true,
    scope: 'read:personal',
    async run(job) {
      const answer = await job.api.insist('GET', `${pathOf(job)}/context`, { signal: job.signal });
      if (read(context, answer).executionSid !== job.sid)
        throw new Unexpected('is the context of another execution');
      return 'read';
    },
  },
  {
    name: 'end',
    needsExecution: true,
    run: async (job) =>
      read(outcome, await job.api.insist('POST', `${pathOf(job)}/end`, { signal: job.signal })).outcome,
  },
  {
    name: 'delete',
    needsExecution: true,
    async run(job) {
      const answer = await job.api.insist('DELETE', pathOf(job), { signal: job.signal });
      const { outcome: how } = read(outcome, answer);
      job.sid = null;
      return how;
    },
  },
  { name: 'purge', scope: 'purge', run: dryRun },
];

export function pathOf({ flow, sid: one }: Pick<Job, 'flow' | 'sid'>): string {
  return `/flows/${encodeURIComponent(flow)}/executions${one === null ? '' : `/${one}`}`;
}

async function refuseStrangers({ api, signal }: Job): Promise<string> {
  const answered = await api.call('GET', '/flows', { token: null, signal }).catch((error: unknown) => {
    if (error instanceof ApiProblem) return error;
    throw error;
  });
  if (!(answered instanceof ApiProblem)) throw new Unexpected(`answered ${answered.status} without a token`);
  if (answered.status === 401) return 'refused without a token';
  // API Gateway itself refuses the request: an execution started now could not be ended.
  if (answered.status === 403 && answered.slug === '')
    throw new Unexpected('asks for signatures of AWS, not for tokens (iam)');
  throw answered;
}

/** Ignores the signal, because an interrupted trigger could leave an execution whose SID is unknown. */
function trigger({ api, flow, to, key }: Job): Promise<Answer> {
  const body = { to, parameters: { smokeTest: true } };
  return api.insist('POST', pathOf({ flow, sid: null }), { body, idempotencyKey: key });
}

async function find({ api, io, flow, to, sid: wanted, startedMs, signal }: Job): Promise<string> {
  const dateCreatedFrom = new Date(startedMs - CLOCK_SKEW_MS).toISOString();
  let cursor: string | null = null;
  for (let tried = 1; tried <= FIND_TRIES && !signal.aborted; tried++) {
    const query = new URLSearchParams({ contact: to, dateCreatedFrom, ...(cursor !== null && { cursor }) });
    const path = `${pathOf({ flow, sid: null })}?${query}`;
    const page: v.InferOutput<typeof found> = read(found, await api.insist('GET', path, { signal }));
    const one = page.executions.find((execution) => execution.sid === wanted);
    if (one) return `by its contact: ${one.status}`;
    cursor = page.nextCursor;
    if (cursor === null) await io.sleep(FIND_PAUSE_MS, signal);
  }
  throw new Unexpected('is not found by its contact');
}

async function dryRun({ api, io, flow, key, signal }: Job): Promise<string> {
  const body = { flows: [flow], olderThan: 'P7D', dryRun: true };
  const answer = await api.insist('POST', '/purges', { body, idempotencyKey: key, signal });
  const { id } = readPurge(answer.body);
  for (let poll = 1; poll <= PURGE_POLLS && !signal.aborted; poll++) {
    const purge = readPurge((await api.insist('GET', `/purges/${id}`, { signal })).body);
    if (purge.status === 'succeeded') return `dry run: ${count(purge.counts.matched)} older than 7 days`;
    if (purge.status !== 'running') throw new Unexpected(`the dry run ${purge.status}`);
    await io.sleep(PURGE_POLL_MS, signal);
  }
  throw new Unexpected(`the dry run ${id} does not end`);
}
