import type { BehaviourChange } from '../../../../infra/simulator/faults/behaviour.ts';
import { createSimulatedStudio } from '../../../../infra/simulator/in-process.ts';
import { NEVER } from '../../../../infra/simulator/store/execution.ts';
import { upstreamOf } from '../../../../lib/purge/batch/upstream.ts';
import type { Upstream } from '../../../../lib/purge/engine/ports.ts';
import { createStudio } from '../../../../lib/studio/client.ts';
import { StudioError, type StudioErrorKind } from '../../../../lib/studio/errors.ts';
import { ACCOUNT, createInProcess, inProcessTransport } from '../../studio/in-process.ts';
import { createClock, createWorldOf, NOON, SURVEY, WELCOME, type Wrap } from '../world.ts';

const FLOWS = [{ sid: WELCOME }, { sid: SURVEY }];

/** The simulated Studio in process, a client on the same clock, and all of `createWorldOf`. */
export function createWorld(behaviour: BehaviourChange = {}, wrap: Wrap = {}) {
  const clock = createClock();
  const { studio, client } = createInProcess({ clock, behaviour, flows: FLOWS });
  return { studio, ...createWorldOf(upstreamOf(client, {}), clock, wrap) };
}

type Operation = 'list' | 'end' | 'delete' | 'context';

export type Quirks = BehaviourChange & {
  pageSize?: number;
  /** The clock of the simulated Studio. Default: it stands still. */
  clock?: { readonly nowMs: number };
  /** Called before each call of the purge. May throw, or change what is there. */
  before?: (operation: Operation, sid: string | null) => void;
  /** Called when the work is done and before the purge has the answer. */
  after?: (operation: Operation, sid: string | null) => void;
};

/** The simulated Studio in process as a purge calls it, without a world, and with what happens around the calls. */
export function createPurgedStudio({ pageSize = 1_000, clock, before, after, ...behaviour }: Quirks = {}) {
  const simulated = createSimulatedStudio({
    now: () => clock?.nowMs ?? NOON,
    behaviour: { maxInFlight: null, stepsPerExecution: 0, ...behaviour },
    flows: FLOWS,
  });
  const { store } = simulated;
  const client = createStudio({
    ...ACCOUNT,
    transport: inProcessTransport(simulated),
    // The purge's clock may jump while calls are in flight.
    now: () => NOON,
    sleep: async () => undefined,
  });
  const port = upstreamOf(client, {});
  const calls = { list: 0, end: 0, delete: 0, context: 0 };

  async function around<T>(operation: Operation, sid: string | null, call: () => Promise<T>): Promise<T> {
    calls[operation] += 1;
    before?.(operation, sid);
    const result = await call();
    after?.(operation, sid);
    return result;
  }

  const upstream: Upstream = {
    ...port,
    async *pages(flow, query) {
      const pages = client.executions
        .list(flow, { ...query, pageSize })
        .pages()
        [Symbol.asyncIterator]();
      for (let isLast = false; !isLast; ) {
        const next = await around('list', null, () => pages.next());
        if (next.done) return;
        yield next.value;
        isLast = next.value.nextPageUrl === null;
      }
    },
    context: (flow, sid, ...rest) => around('context', sid, () => port.context(flow, sid, ...rest)),
    end: (flow, sid, signal) => around('end', sid, () => port.end(flow, sid, signal)),
    delete: (flow, sid, signal) => around('delete', sid, () => port.delete(flow, sid, signal)),
  };

  return {
    upstream,
    calls,
    store,
    add({ sid, flowSid, createdMs, active = false, address = '+15550000000' }: Added): void {
      store.add({ sid, flowSid, createdMs, to: address, from: sid, endedMs: active ? NEVER : createdMs });
    },
    /** Turns an execution active again, as an update that another system makes. */
    reactivate: (sid: string) => void Object.assign(store.existing(sid) ?? {}, { endedMs: NEVER }),
    in: (status: 'active' | 'ended' | 'deleted') => [...store.list({ status })],
  };
}

type Added = { sid: string; flowSid: string; createdMs: number; active?: boolean; address?: string };

export function failure(kind: StudioErrorKind, status: number, code: number): StudioError {
  return new StudioError(kind, kind, { operation: 'test', status, code });
}

export function sidOf(number: number): string {
  return `FN${number.toString(16).padStart(32, '0')}`;
}
