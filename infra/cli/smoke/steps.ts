import type * as v from 'valibot';
import { type Answer, type Api, ApiProblem } from '../api.ts';
import { count } from '../format.ts';
import type { Io } from '../io.ts';
import { readPurge } from '../purge/purge-view.ts';
import { context, found, outcome, read, triggered, Unexpected } from './answers.ts';

/** The jobs of the README, one after the other, on one execution of a test flow. */

/** A list may show a new execution a little later; and one request looks at a bounded number only. */
const FIND_TRIES = 20;
const FIND_PAUSE_MS = 1_000;
/** This machine's clock and Studio's may differ. */
const CLOCK_SKEW_MS = 5 * 60_000;
const PURGE_POLLS = 300;
const PURGE_POLL_MS = 1_000;

export type Job = {
  api: Api;
  io: Pick<Io, 'now' | 'sleep'>;
  flow: string;
  to: string;
  /** Of the trigger: whatever is sent again starts nothing more. */
  key: string;
  startedMs: number;
  signal: AbortSignal;
  /** What was made and is to be gone in the end. */
  made: { sid: string | null };
};

export type Step = {
  name: string;
  /** Where it fails, nothing else is tried. */
  isGround?: true;
  /** Only once an execution was triggered. */
  needsExecution?: true;
  /** Left out where the token has not this scope. */
  scope?: string;
  /** What was seen, in some words. Throws ApiProblem, ApiUnreachable or Unexpected. */
  run(job: Job, path: string): Promise<string>;
};

export const steps: readonly Step[] = [
  {
    name: 'health',
    isGround: true,
    async run({ api, signal }) {
      const { status } = await api.insist('GET', '/health', { token: null, signal });
      return `${status}`;
    },
  },
  {
    name: 'strangers',
    isGround: true,
    async run({ api, signal }) {
      const answered = await refusal(() => api.call('GET', '/flows', { token: null, signal }));
      // API Gateway's own words, and not the API's: what was started now could not be ended.
      if (answered.status === 403 && answered.slug === '')
        throw new Unexpected('asks for signatures of AWS, not for tokens (iam)');
      if (answered.status !== 401) throw answered;
      return 'refused without a token';
    },
  },
  {
    name: 'trigger',
    async run(job) {
      const { outcome, execution } = read(triggered, await trigger(job));
      job.made.sid = execution.sid;
      return `${outcome} ${execution.sid}`;
    },
  },
  {
    name: 'repeat',
    needsExecution: true,
    async run(job) {
      const answer = await trigger(job);
      const { execution } = read(triggered, answer);
      if (execution.sid !== job.made.sid) throw new Unexpected(`started a second one: ${execution.sid}`);
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
    async run({ api, made, signal }, path) {
      const { executionSid } = read(context, await api.insist('GET', `${path}/context`, { signal }));
      if (executionSid !== made.sid) throw new Unexpected('is the context of another execution');
      return 'read';
    },
  },
  {
    name: 'end',
    needsExecution: true,
    async run({ api, signal }, path) {
      return read(outcome, await api.insist('POST', `${path}/end`, { signal })).outcome;
    },
  },
  {
    name: 'delete',
    needsExecution: true,
    async run({ api, made, signal }, path) {
      const { outcome: came } = read(outcome, await api.insist('DELETE', path, { signal }));
      made.sid = null;
      return came;
    },
  },
  { name: 'purge', scope: 'purge', run: dryRun },
];

/** Not to be broken off: what it starts would be known to nobody. */
function trigger({ api, flow, to, key }: Job): Promise<Answer> {
  const path = `/flows/${encodeURIComponent(flow)}/executions`;
  const body = { to, parameters: { smokeTest: true } };
  return api.insist('POST', path, { body, idempotencyKey: key });
}

async function find({ api, io, flow, to, made, startedMs, signal }: Job): Promise<string> {
  const filters = {
    contact: to,
    dateCreatedFrom: new Date(startedMs - CLOCK_SKEW_MS).toISOString(),
  };
  let cursor: string | null = null;
  for (let tried = 1; tried <= FIND_TRIES && !signal.aborted; tried++) {
    const query = new URLSearchParams({ ...filters, ...(cursor !== null && { cursor }) });
    const path = `/flows/${encodeURIComponent(flow)}/executions?${query}`;
    const page: v.InferOutput<typeof found> = read(found, await api.insist('GET', path, { signal }));
    const one = page.executions.find(({ sid }) => sid === made.sid);
    if (one) return `by its contact: ${one.status}`;
    cursor = page.nextCursor;
    if (cursor === null) await io.sleep(FIND_PAUSE_MS, signal);
  }
  throw new Unexpected('is not found by its contact');
}

async function dryRun({ api, io, flow, key, signal }: Job): Promise<string> {
  const body = { flows: [flow], olderThan: 'P7D', dryRun: true };
  const started = readPurge(
    (await api.insist('POST', '/purges', { body, idempotencyKey: key, signal })).body,
  );
  for (let poll = 1; poll <= PURGE_POLLS && !signal.aborted; poll++) {
    const purge = readPurge((await api.insist('GET', `/purges/${started.id}`, { signal })).body);
    if (purge.status === 'succeeded') return `dry run: ${count(purge.counts.matched)} older than 7 days`;
    if (purge.status !== 'running') throw new Unexpected(`the dry run ${purge.status}`);
    await io.sleep(PURGE_POLL_MS, signal);
  }
  throw new Unexpected(`the dry run ${started.id} does not end`);
}

async function refusal(call: () => Promise<Answer>): Promise<ApiProblem> {
  try {
    const { status } = await call();
    throw new Unexpected(`answered ${status} without a token`);
  } catch (error) {
    if (error instanceof ApiProblem) return error;
    throw error;
  }
}
