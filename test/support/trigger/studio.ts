import { StudioError, type StudioErrorKind } from '../../../lib/studio/errors.ts';
import type { CreateOutcome, Execution } from '../../../lib/studio/types.ts';
import type { Executions } from '../../../lib/trigger/ports.ts';
import type { VirtualClock } from './clock.ts';

/** What happens to one create. */
export type CreateFate =
  | 'done'
  | 'throttled'
  | 'rejected'
  /** The work is done, the answer is lost. */
  | 'lost-after'
  /** Neither is there work nor an answer. */
  | 'lost-before'
  /** The answer is lost, and the work is done `lateMs` after it was sent. */
  | { lateMs: number };

export type Run = Execution & { from: string; parameters: Record<string, unknown>; createdMs: number };

export type WorldStudio = Executions & {
  runs: Run[];
  creates: number;
  calls: string[];
  /** The fates of the next creates, in order; afterwards all is done. */
  fates: CreateFate[];
  /** The next list or context calls fail so. */
  readFaults: StudioErrorKind[];
  /** How long a flow runs until it ends by itself. */
  runsForMs: number;
  contextOf: (run: Run) => unknown;
  start: (to: string, flowSid?: string, parameters?: Record<string, unknown>) => Run;
};

export const FLOW = `FW${'a'.repeat(32)}`;
export const SENDER = '+15550009999';
/** How long the client waits for an answer that does not come. */
const LOST_AFTER_MS = 3_000;

/** A Studio that keeps its promises about conflicts, in virtual time; test/functions has the one on a socket. */
export function createWorldStudio(clock: VirtualClock, latencyMs: () => number = () => 20): WorldStudio {
  const runs: Run[] = [];

  function start(to: string, flowSid = FLOW, parameters: Record<string, unknown> = {}, from = SENDER): Run {
    const run: Run = {
      sid: `FN${(runs.length + 1).toString(16).padStart(32, '0')}`,
      accountSid: `AC${'a'.repeat(32)}`,
      flowSid,
      contactChannelAddress: to,
      contactSid: null,
      flowVersion: 1,
      status: 'active',
      dateCreated: new Date(Math.floor(clock.now() / 1_000) * 1_000).toISOString(),
      dateUpdated: null,
      initiatedBy: 'api',
      url: null,
      from,
      parameters,
      createdMs: clock.now(),
    };
    runs.unshift(run);
    return run;
  }

  function refresh(): void {
    for (const run of runs)
      if (run.status === 'active' && clock.now() - run.createdMs >= studio.runsForMs) run.status = 'ended';
  }

  function attempt(flowSid: string, to: string, from: string, parameters = {}): CreateOutcome {
    refresh();
    const active = runs.find(
      (run) => run.status === 'active' && run.contactChannelAddress === to && run.from === from,
    );
    if (active) return { outcome: 'conflict', conflictingExecutionSid: active.sid };
    return { outcome: 'created', execution: start(to, flowSid, parameters, from) };
  }

  function find(flowSid: string, sid: string): Run {
    refresh();
    const run = runs.find((one) => one.sid === sid && one.flowSid === flowSid);
    if (!run) throw failure('not-found', 404);
    return run;
  }

  async function reading(call: string): Promise<void> {
    studio.calls.push(call);
    await clock.sleep(latencyMs());
    const fault = studio.readFaults.shift();
    if (fault) throw failure(fault);
  }

  const studio: WorldStudio = {
    runs,
    creates: 0,
    calls: [],
    fates: [],
    readFaults: [],
    runsForMs: Number.POSITIVE_INFINITY,
    contextOf: ({ parameters }) => ({ flow: { data: parameters }, trigger: { request: { parameters } } }),
    start,

    async create(flowSid, { to, from, parameters }) {
      studio.calls.push('create');
      studio.creates++;
      const fate = studio.fates.shift() ?? 'done';
      await clock.sleep(latencyMs());
      const unknown = { outcome: 'unknown', cause: failure('timeout') } as const;
      if (fate === 'throttled') throw failure('throttled', 429);
      if (fate === 'rejected') throw failure('rejected', 400);
      if (fate === 'lost-after') attempt(flowSid, to, from, parameters);
      if (typeof fate === 'object')
        void clock.sleep(fate.lateMs).then(() => attempt(flowSid, to, from, parameters));
      if (fate !== 'done') {
        await clock.sleep(LOST_AFTER_MS);
        return unknown;
      }
      const outcome = attempt(flowSid, to, from, parameters);
      await clock.sleep(latencyMs());
      return outcome;
    },

    list(flowSid, query) {
      const items = async () => {
        await reading('list');
        refresh();
        const from = Date.parse(query?.dateCreatedFrom ?? '1970-01-01');
        const to = Date.parse(query?.dateCreatedTo ?? '9999-01-01');
        return runs.filter((run) => {
          const createdMs = Date.parse(run.dateCreated ?? '');
          return run.flowSid === flowSid && createdMs >= from && createdMs < to;
        });
      };
      return {
        async *[Symbol.asyncIterator]() {
          yield* await items();
        },
        async *pages() {
          yield { items: await items(), nextPageUrl: null };
        },
      };
    },

    async fetch(flowSid, sid) {
      await reading('fetch');
      return find(flowSid, sid);
    },

    async end(flowSid, sid) {
      await reading('end');
      const run = find(flowSid, sid);
      if (run.status === 'ended') return { outcome: 'already-ended', afterUnclear: false };
      run.status = 'ended';
      return { outcome: 'ended', execution: run };
    },

    async context(flowSid, sid) {
      await reading('context');
      const run = find(flowSid, sid);
      return { accountSid: null, executionSid: sid, flowSid, url: null, context: studio.contextOf(run) };
    },
  };
  return studio;
}

function failure(kind: StudioErrorKind, status?: number): StudioError {
  return new StudioError(kind, kind, { operation: 'test', ...(status === undefined ? {} : { status }) });
}
