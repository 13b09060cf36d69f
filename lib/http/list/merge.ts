import type { StudioError } from '../../studio/errors.ts';
import type { Execution } from '../../studio/types.ts';
import { concurrently } from '../handlers/concurrently.ts';
import type { Hint, Scan } from './flow-reader.ts';
import { type Budget, isPassing } from './page.ts';
import { advance, type Position, secondOf } from './position.ts';
import { boundedState, type ListState } from './state.ts';

const MAX_CONCURRENT_FLOWS = 5;

export type MergeOptions = {
  /** Where the list resumes. Flows in `done` are skipped. */
  start: ListState;
  flowCount: number;
  /** Starts to read a flow, given by its index, at a position. */
  openScan: (flow: number, position: Position, hint: Hint | undefined) => Scan;
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
  scan: Scan | undefined;
  /** Where a new scan begins. */
  hint: Hint | undefined;
  /** None of the flow's remaining executions is newer than this second; infinite while unknown. */
  newest: number;
};

/**
 * Merges the executions of all flows in the order of a Position. Returns none before it knows for each flow
 * how new its next execution is. The state keeps what is known, so that with a slow Studio several requests
 * can collect it. A page that cannot be read discards nothing that was read of other flows.
 */
export function createMerge({ start, flowCount, openScan, keep, budget }: MergeOptions): Merge {
  const executions: Merge['executions'] = [];
  let { position } = start;
  let trouble: StudioError | undefined;
  let sources = Array.from(
    { length: flowCount },
    (_, flow): Source => ({
      flow,
      scan: undefined,
      hint: start.hints[flow],
      newest: start.newest[flow] ?? Number.POSITIVE_INFINITY,
    }),
  ).filter(({ flow }) => !start.done.includes(flow));

  /**
   * Updates `newest` from the head, and drops a flow that has ended. Unordered flows come first: their dates
   * say nothing about what follows.
   */
  function look(source: Source): void {
    const { scan } = source;
    const head = scan?.head();
    if (head === 'end') sources = sources.filter((one) => one !== source);
    else if (head)
      source.newest = scan?.isOrdered() ? secondOf(head, position.second) : Number.POSITIVE_INFINITY;
  }

  async function readPage(source: Source): Promise<void> {
    const scan = source.scan ?? openScan(source.flow, position, source.hint);
    source.scan = scan;
    try {
      await scan.read();
    } catch (error) {
      if (!isPassing(error)) throw error;
      trouble ??= error;
      // The next read begins at the list's position by then: a newly created execution must not set it back.
      source.hint = scan.hint();
      source.scan = undefined;
    }
    look(source);
  }

  function take(source: Source, execution: Execution): void {
    source.scan?.take();
    if (source.scan?.isOrdered()) position = advance(position, source.flow, execution);
    budget.idle = 0;
    if (keep(execution)) executions.push({ execution, flow: source.flow });
    look(source);
  }

  function state(): ListState {
    const newest: ListState['newest'] = {};
    const hints: ListState['hints'] = {};
    for (const { flow, scan, hint: begin, newest: second } of sources) {
      const isAhead = position.second === null || second <= position.second;
      if (isAhead && Number.isFinite(second)) newest[flow] = second;
      const hint = scan ? scan.hint() : begin;
      if (hint) hints[flow] = hint;
    }
    const isOpen = (flow: number) => sources.some((source) => source.flow === flow);
    const done = Array.from({ length: flowCount }, (_, flow) => flow).filter((flow) => !isOpen(flow));
    return boundedState({ filters: start.filters, position, newest, hints, done, idle: budget.idle });
  }

  async function read(limit: number): Promise<void> {
    while (executions.length < limit) {
      const [first, ...others] = sources;
      if (!first) return;
      const next = others.reduce((one, other) => (compare(other, one) < 0 ? other : one), first);
      const head = headOf(next);
      if (head) {
        take(next, head);
        continue;
      }
      const unread = sources.filter((source) => !headOf(source)).sort(compare);
      // While nothing is known about some flows, further pages of the others would not help.
      const unknown = unread.filter(({ newest }) => newest === Number.POSITIVE_INFINITY).length;
      await concurrently(unread.slice(0, unknown || MAX_CONCURRENT_FLOWS), MAX_CONCURRENT_FLOWS, readPage);
      if (sources.includes(next) && !headOf(next)) break;
    }
    if (trouble && !hasMoved()) throw trouble;
  }

  const before = stateWithoutIdle();
  function stateWithoutIdle(): string {
    return JSON.stringify({ ...state(), idle: 0 });
  }
  const hasMoved = () => stateWithoutIdle() !== before;

  return { executions, read, state, hasMoved };
}

function headOf({ scan }: Source): Execution | undefined {
  const head = scan?.head();
  return head === 'end' ? undefined : head;
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
