import { isDeepStrictEqual } from 'node:util';
import { endpoints } from '../../studio/endpoints.ts';
import { StudioError } from '../../studio/errors.ts';
import type { ExecutionsQuery } from '../schemas/query.ts';
import { foreignCursor, MAX_SEALED_BYTES } from './cursor.ts';
import type { ResumePoint } from './flow-reader.ts';
import { MAX_SEEN, type Position, START } from './position.ts';

type Filters = Omit<ExecutionsQuery, 'limit' | 'cursor'>;

export type FlowState = {
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
 * Returns as much of the state as fits into a cursor. A flow without its page query resumes from the
 * position, which is slower. An unordered flow cannot do that: throws a StudioError if its page query does
 * not fit.
 */
export function boundedState(state: ListState): ListState {
  const { position } = state;
  const flows: Record<string, FlowState> = {};
  const bounded = { ...state, position: { ...position, seen: position.seen.slice(-MAX_SEEN) }, flows };
  const keep = (flow: string, known: FlowState) => {
    const before = flows[flow];
    flows[flow] = known;
    if (Buffer.byteLength(JSON.stringify(bounded)) <= MAX_SEALED_BYTES) return;
    if (isUnordered(known))
      throw new StudioError('nonsense', 'A page URL is too long for a cursor', {
        operation: endpoints.listExecutions.operation,
      });
    if (before) flows[flow] = before;
    else delete flows[flow];
  };
  const all = Object.entries(state.flows).sort(
    ([, one], [, other]) => Number(isUnordered(other)) - Number(isUnordered(one)),
  );
  for (const [flow, known] of all) keep(flow, isUnordered(known) ? known : { newest: known.newest });
  for (const [flow, known] of all) keep(flow, known);
  return bounded;
}

function isUnordered({ resumeFrom }: FlowState): boolean {
  return resumeFrom !== undefined && 'after' in resumeFrom;
}
