import type { BehaviourChange } from '../../../infra/simulator/faults/behaviour.ts';
import { createSimulatedStudio } from '../../../infra/simulator/in-process.ts';
import { createStudio } from '../../../lib/studio/client.ts';
import type { Execution } from '../../../lib/studio/types.ts';
import type { Executions } from '../../../lib/trigger/request.ts';
import { ACCOUNT, inProcessTransport } from '../studio/in-process.ts';
import type { VirtualClock } from './clock.ts';

/** What happens to one request to create. */
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
type ReadFault = 'unavailable' | 'throttled' | 'timeout';

/** An execution in the simulated Studio. Setting `status` to ended ends it. */
type Run = Execution & { parameters: Record<string, unknown>; createdMs: number };

export type WorldStudio = Executions & {
  /** Newest first. */
  readonly runs: Run[];
  /** How many requests to create there were. */
  readonly creates: number;
  /** All requests in their order: create, list, fetch, end, context. */
  readonly calls: string[];
  /** The fates of the next requests to create, in order; afterwards all is done. */
  fates: CreateFate[];
  /** The next requests that only read fail so. */
  readFaults: ReadFault[];
  /** How long the flows of executions created from now on run. */
  runsForMs: number;
  contextOf: (run: Run) => unknown;
  start: (to: string, flowSid?: string, parameters?: Record<string, unknown>, createdMs?: number) => Run;
};

export const FLOW = `FW${'a'.repeat(32)}`;
export const SENDER = '+15550009999';
/** How long the client waits for an answer that does not come. */
const LOST_AFTER_MS = 3_000;
const CALLS: Partial<Record<string, string>> = {
  CreateExecution: 'create',
  ListExecution: 'list',
  FetchExecution: 'fetch',
  UpdateExecution: 'end',
  FetchExecutionContext: 'context',
};

/** The simulated Studio and the client, without a socket and in virtual time. */
export function createWorldStudio(clock: VirtualClock, latencyMs = 20): WorldStudio {
  const { now, sleep } = clock;
  const behaviour = { latencyMs, maxInFlight: null, createsPerSecond: null };
  const flows = ['a', 'b'].map((letter) => ({ sid: `FW${letter.repeat(32)}` }));
  const simulated = createSimulatedStudio({ now, sleep, behaviour, flows });
  const { store } = simulated;
  const transport = inProcessTransport(simulated, sleep, LOST_AFTER_MS);
  const client = createStudio({ ...ACCOUNT, transport, now, sleep, random: () => 0.5 }).executions;
  const faults = { creates: faultsOf([]), reads: faultsOf([]) };
  const behave = () => simulated.behave({ faults: [...faults.creates, ...faults.reads] });

  function runOf(sid: string): Run {
    const found = store.find(sid);
    if (!found) throw new Error('There is no such execution');
    const { flowSid, to, dateCreated, parameters } = found;
    return {
      sid,
      accountSid: ACCOUNT.accountSid,
      flowSid,
      contactChannelAddress: to,
      contactSid: null,
      flowVersion: 1,
      get status() {
        return store.find(sid)?.status === 'active' ? 'active' : 'ended';
      },
      set status(_) {
        store.end(sid);
      },
      dateCreated,
      dateUpdated: null,
      initiatedBy: null,
      url: null,
      parameters,
      createdMs: store.existing(sid)?.createdMs ?? 0,
    };
  }

  const studio: WorldStudio = {
    create: client.create,
    list: client.list,
    fetch: client.fetch,
    end: client.end,
    context: async (flowSid, sid, options) => {
      const found = await client.context(flowSid, sid, options);
      return studio.contextOf === asItIs ? found : { ...found, context: studio.contextOf(runOf(sid)) };
    },
    get runs() {
      return store.executions.map(({ sid }) => runOf(sid)).reverse();
    },
    get creates() {
      return studio.calls.filter((call) => call === 'create').length;
    },
    get calls() {
      return simulated.requests.map(({ operation }) => CALLS[operation ?? ''] ?? '');
    },
    set fates(fates: CreateFate[]) {
      faults.creates = faultsOf(fates);
      behave();
    },
    set readFaults(kinds: ReadFault[]) {
      faults.reads = kinds.map((kind) => ({ ...READ_FAULTS[kind], operations: [...READS], times: 1 }));
      behave();
    },
    set runsForMs(runsForMs: number) {
      simulated.behave({ endAfterMs: runsForMs === Number.POSITIVE_INFINITY ? null : runsForMs });
    },
    contextOf: asItIs,
    start: (to, flowSid = FLOW, parameters = {}, createdMs = now()) =>
      runOf(store.add({ flowSid, to, from: SENDER, parameters: JSON.stringify(parameters), createdMs }).sid),
  };
  return studio;
}

const asItIs = () => undefined;

type Faults = NonNullable<BehaviourChange['faults']>;
const READS = ['ListExecution', 'FetchExecution', 'FetchExecutionContext'] as const;
const READ_FAULTS = {
  unavailable: { kind: 'error' },
  throttled: { kind: 'throttle' },
  timeout: { kind: 'hang' },
} as const;
const FATES = {
  throttled: { kind: 'throttle' },
  rejected: { kind: 'error', status: 400 },
  'lost-after': { kind: 'hang', work: 'done' },
  'lost-before': { kind: 'hang' },
} as const;

/** Each fault spares the creates to be done before it. Requests that an earlier fault struck do not count. */
function faultsOf(fates: readonly CreateFate[]): Faults {
  const operations = ['CreateExecution'] as const;
  return fates.flatMap((fate, index): Faults => {
    if (fate === 'done') return [];
    const after = fates.slice(0, index).filter((one) => one === 'done').length;
    const fault =
      typeof fate === 'string'
        ? FATES[fate]
        : ({ kind: 'hang', work: 'done', workDelayMs: fate.lateMs } as const);
    return [{ ...fault, operations: [...operations], after, times: 1 }];
  });
}
