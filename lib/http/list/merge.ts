import { isDeepStrictEqual } from 'node:util';
import { StudioError } from '../../studio/errors.ts';
import { isTransientKind } from '../../studio/http/retry.ts';
import type { Execution } from '../../studio/types.ts';
import { concurrently } from '../handlers/concurrently.ts';
import type { ExecutionsQuery } from '../schemas/query.ts';
import { foreignCursor, MAX_SEALED_BYTES } from './cursor.ts';
import {
  type Budget,
  FIRST_PLACE,
  type FlowReader,
  nonsense,
  type ResumePoint,
  UnorderedList,
} from './flow-reader.ts';
import { advance, MAX_SEEN, type Position, START, secondOf } from './position.ts';

const MAX_CONCURRENT_FLOWS = 5;

type Filters = Omit<ExecutionsQuery, 'limit' | 'cursor'>;

type FlowState = {
  /** None of the flow's remaining executions is newer than this second. */
  newest?: number | undefined;
  /** Where to resume, if the list's position alone does not say. */
  resumeFrom?: ResumePoint | undefined;
};

/** What a cursor of a list of executions carries. */
export type ListState = {
  filters: Filters;
  position: Position;
  /** By index, of flows that have not been read to their end. */
  flows: Readonly<Record<string, FlowState>>;
  /** Indexes of the flows that have been read to their end. */
  done: readonly number[];
  /** Consecutive upstream pages from which no execution was taken. */
  idle: number;
};

export type MergeOptions = {
  /** Where the list resumes. Flows in `done` are skipped. */
  start: ListState;
  flowCount: number;
  /** Starts to read a flow, given by its index, at a position. */
  openReader: (flow: number, position: Position, resumeFrom: ResumePoint | undefined) => FlowReader;
  /** Filters what Studio cannot. An execution that is filtered out still counts as read. */
  keep: (execution: Execution) => boolean;
  budget: Budget;
};

type Source = {
  flow: number;
  reader: FlowReader | undefined;
  /** Where a new reader begins. */
  resumeFrom: ResumePoint | undefined;
  /** None of the flow's remaining executions is newer than this second; infinite while unknown. */
  newest: number;
};

/**
 * Merges the executions of all flows in the order of a Position. Returns none before it knows for each flow
 * how new its next execution is. The state keeps what is known, so that with a slow Studio several requests
 * can collect it. A page that cannot be read discards nothing that was read of other flows.
 */
export function createMerge({ start, flowCount, openReader, keep, budget }: MergeOptions) {
  const executions: { execution: Execution; flow: number }[] = [];
  const done = new Set(start.done);
  let { position } = start;
  let failure: StudioError | undefined;
  let sources = Array.from({ length: flowCount }, (_, flow): Source => {
    const { newest = Number.POSITIVE_INFINITY, resumeFrom } = start.flows[flow] ?? {};
    return { flow, reader: undefined, resumeFrom, newest };
  }).filter(({ flow }) => !done.has(flow));

  function finish(source: Source): void {
    done.add(source.flow);
    sources = sources.filter((one) => one !== source);
  }

  /** Updates `newest`, and drops a flow that has ended. Unordered flows come first. */
  function look(source: Source): void {
    const head = source.reader?.head();
    if (head && source.reader?.isOrdered) source.newest = secondOf(head, position.second);
    else if (source.reader?.isAtEnd()) finish(source);
  }

  async function readPage(source: Source): Promise<void> {
    try {
      source.reader ??= openReader(source.flow, position, source.resumeFrom);
      await source.reader.read();
    } catch (error) {
      if (error instanceof UnorderedList) {
        source.reader = openReader(source.flow, position, FIRST_PLACE);
        return readPage(source);
      }
      // Among several flows, one that Studio does not know has no executions.
      if (flowCount > 1 && error instanceof StudioError && error.kind === 'not-found') finish(source);
      else if (!isTransient(error)) throw error;
      else failure ??= error;
      // A new reader begins at the list's position, so that an execution created meanwhile is not read out of
      // order.
      source.resumeFrom = source.reader?.resumeFrom();
      source.reader = undefined;
    }
    look(source);
  }

  function take(source: Source, execution: Execution): void {
    source.reader?.take();
    if (source.reader?.isOrdered) position = advance(position, source.flow, execution);
    budget.idle = 0;
    if (keep(execution)) executions.push({ execution, flow: source.flow });
    look(source);
  }

  /** The state that the cursor carries to the next request. */
  function state(): ListState {
    const flows: Record<string, FlowState> = {};
    for (const { flow, reader, resumeFrom, newest } of sources) {
      const isAhead = position.second === null || newest <= position.second;
      flows[flow] = {
        newest: isAhead && Number.isFinite(newest) ? newest : undefined,
        resumeFrom: reader ? reader.resumeFrom() : resumeFrom,
      };
    }
    return boundedState({ filters: start.filters, position, flows, done: [...done], idle: budget.idle });
  }

  /**
   * Reads until there are `limit` executions, or the flows or the budget end. If a page could not be read,
   * throws its StudioError, unless the list has moved on anyway.
   */
  async function read(limit: number): Promise<void> {
    while (executions.length < limit) {
      const [next] = sources.sort(compare);
      if (!next) return;
      const head = next.reader?.head();
      if (head) {
        take(next, head);
        continue;
      }
      const unread = sources.filter(({ reader }) => !reader?.head());
      // While nothing is known about some flows, further pages of the others would not help.
      const unknown = unread.filter(({ newest }) => newest === Number.POSITIVE_INFINITY).length;
      await concurrently(unread.slice(0, unknown || MAX_CONCURRENT_FLOWS), MAX_CONCURRENT_FLOWS, readPage);
      if (sources.includes(next) && !next.reader?.head()) break;
    }
    if (failure && !hasMoved()) throw failure;
  }

  const stateWithoutIdle = () => JSON.stringify({ ...state(), idle: 0 });
  const before = stateWithoutIdle();
  /** Whether the next request would begin further along than this one. */
  const hasMoved = () => stateWithoutIdle() !== before;

  return { executions, read, state, hasMoved };
}

/** Orders flows by `newest`, latest first. */
function compare(one: Source, other: Source): number {
  if (one.newest === other.newest) return one.flow - other.flow;
  return one.newest > other.newest ? -1 : 1;
}

/**
 * The state in which a request begins. With a cursor, which holds `opened`, its filters apply; they may be
 * repeated beside it. Throws 422 for another filter beside it.
 */
export function startOf(query: ExecutionsQuery, opened: ListState | undefined): ListState {
  const { limit: _limit, cursor: _cursor, ...filters } = query;
  if (!opened) return { filters, position: START, flows: {}, done: [], idle: 0 };
  if (!isDeepStrictEqual({ ...opened.filters, ...filters }, opened.filters)) throw foreignCursor();
  return opened;
}

/**
 * Returns as much of the state as fits into a cursor. Without its anchor, a flow resumes from the position,
 * which is slower. An unordered flow cannot do that: throws a StudioError if its page query does not fit.
 */
function boundedState(state: ListState): ListState {
  const { position } = state;
  const flows = { ...state.flows };
  const bounded = { ...state, position: { ...position, seen: position.seen.slice(-MAX_SEEN) }, flows };
  const fits = () => Buffer.byteLength(JSON.stringify(bounded)) <= MAX_SEALED_BYTES;
  const isOrdered = (name: string) => !('after' in (flows[name]?.resumeFrom ?? {}));
  const names = Object.keys(flows).reverse().filter(isOrdered);
  for (const name of names) if (!fits()) flows[name] = { newest: flows[name]?.newest };
  for (const name of names) if (!fits()) delete flows[name];
  if (!fits()) throw nonsense('A page URL is too long for a cursor');
  return bounded;
}

/** Whether the error is transient, so that the next request may succeed. */
export function isTransient(error: unknown): error is StudioError {
  return error instanceof StudioError && isTransientKind(error.kind);
}
