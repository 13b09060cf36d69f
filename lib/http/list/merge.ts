import { StudioError } from '../../studio/errors.ts';
import type { Execution } from '../../studio/types.ts';
import { concurrently } from '../handlers/concurrently.ts';
import type { FlowReader, ResumePoint } from './flow-reader.ts';
import { type Budget, isTransient } from './page.ts';
import { advance, type Position, secondOf } from './position.ts';
import { boundedState, type FlowState, type ListState } from './state.ts';
import { FIRST_PLACE } from './token-reader.ts';

const MAX_CONCURRENT_FLOWS = 5;

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

export type Merge = {
  executions: { execution: Execution; flow: number }[];
  /**
   * Reads until there are `limit` executions, or the flows or the budget end. If a page could not be read,
   * throws its StudioError, unless the list has moved on anyway.
   */
  read(limit: number): Promise<void>;
  /** The state that the cursor carries to the next request. */
  state(): ListState;
  /** Whether the next request would begin further along than this one. */
  hasMoved(): boolean;
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
export function createMerge({ start, flowCount, openReader, keep, budget }: MergeOptions): Merge {
  const executions: Merge['executions'] = [];
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
    const head = headOf(source);
    if (source.reader?.head() === 'end') finish(source);
    else if (head)
      source.newest = source.reader?.isOrdered ? secondOf(head, position.second) : Number.POSITIVE_INFINITY;
  }

  async function readPage(source: Source): Promise<void> {
    try {
      source.reader ??= openReader(source.flow, position, source.resumeFrom);
      await source.reader.read();
      if (source.reader.head() === 'unordered') {
        source.reader = openReader(source.flow, position, FIRST_PLACE);
        await source.reader.read();
      }
    } catch (error) {
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

  async function read(limit: number): Promise<void> {
    while (executions.length < limit) {
      const [next] = sources.sort(compare);
      if (!next) return;
      const head = headOf(next);
      if (head) {
        take(next, head);
        continue;
      }
      const unread = sources.filter((source) => !headOf(source));
      // While nothing is known about some flows, further pages of the others would not help.
      const unknown = unread.filter(({ newest }) => newest === Number.POSITIVE_INFINITY).length;
      await concurrently(unread.slice(0, unknown || MAX_CONCURRENT_FLOWS), MAX_CONCURRENT_FLOWS, readPage);
      if (sources.includes(next) && !headOf(next)) break;
    }
    if (failure && !hasMoved()) throw failure;
  }

  const stateWithoutIdle = () => JSON.stringify({ ...state(), idle: 0 });
  const before = stateWithoutIdle();
  const hasMoved = () => stateWithoutIdle() !== before;

  return { executions, read, state, hasMoved };
}

function headOf({ reader }: Source): Execution | undefined {
  const head = reader?.head();
  return typeof head === 'object' ? head : undefined;
}

/**
 * Orders flows by `newest`, latest first. Among those with an infinite one, flows that have been read come
 * first.
 */
function compare(one: Source, other: Source): number {
  if (one.newest !== other.newest) return one.newest > other.newest ? -1 : 1;
  const isBeforeAll = one.newest === Number.POSITIVE_INFINITY;
  const readFirst = isBeforeAll ? Number(!headOf(one)) - Number(!headOf(other)) : 0;
  return readFirst || one.flow - other.flow;
}
