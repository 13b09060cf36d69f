import * as v from 'valibot';
import { StudioError } from '../../studio/errors.ts';
import type { ExecutionsQuery } from '../schemas/query.ts';
import { foreignCursor, MAX_SEALED_BYTES } from './cursor.ts';
import type { Hint } from './flow-reader.ts';
import { type Position, positionSchema, START } from './position.ts';

/** What a list of executions was begun with; a cursor carries it, and what was found out so far. */
const filtersSchema = v.strictObject({
  status: v.optional(v.picklist(['active', 'ended'])),
  dateCreatedFrom: v.optional(v.string()),
  dateCreatedTo: v.optional(v.string()),
  contact: v.optional(v.string()),
});

const stateSchema = v.strictObject({
  filters: filtersSchema,
  position: positionSchema,
  /** By flow index: none of the flow's remaining executions is newer than this second. */
  newest: v.record(v.string(), v.number()),
  /** Of flows whose position alone does not lead on, by index. */
  hints: v.record(
    v.string(),
    v.union([
      v.strictObject({ query: v.string(), isAnchored: v.boolean() }),
      v.strictObject({ query: v.nullable(v.string()), after: v.nullable(v.string()) }),
    ]),
  ),
  /** Indexes of the flows that were read to their end. */
  done: v.array(v.number()),
  /** Consecutive upstream pages from which no execution was taken. */
  idle: v.number(),
});

export type Filters = v.InferOutput<typeof filtersSchema>;
export type ListState = {
  filters: Filters;
  position: Position;
  newest: Record<string, number>;
  hints: Record<string, Hint>;
  done: readonly number[];
  idle: number;
};

const FILTER_NAMES = ['status', 'dateCreatedFrom', 'dateCreatedTo', 'contact'] as const;

/**
 * Where to begin. With a cursor its filters hold; they may be repeated beside it, but another one beside it
 * is refused. `opened`: what the cursor held, undefined without one.
 */
export function startOf(query: ExecutionsQuery, opened: unknown): ListState {
  const { limit: _limit, cursor: _cursor, ...given } = query;
  if (opened === undefined)
    return { filters: given, position: START, newest: {}, hints: {}, done: [], idle: 0 };
  const state = v.safeParse(stateSchema, opened);
  if (!state.success) throw foreignCursor();
  const { filters } = state.output;
  for (const name of FILTER_NAMES)
    if (given[name] !== undefined && given[name] !== filters[name]) throw foreignCursor();
  return state.output;
}

/**
 * Returns the state with as many hints as fit into a cursor. A flow without its hint resumes from the
 * position, which is slower. An unordered flow cannot do that: throws a StudioError if its hint does not fit.
 */
export function boundedState(state: ListState): ListState {
  const bounded: ListState = { ...state, newest: {}, hints: {} };
  let leftBytes = MAX_SEALED_BYTES - Buffer.byteLength(JSON.stringify(bounded));
  const fits = (...entry: [flow: string, value: unknown]) => {
    const bytes = Buffer.byteLength(JSON.stringify(entry));
    const isSmall = bytes <= leftBytes;
    if (isSmall) leftBytes -= bytes;
    return isSmall;
  };
  const isWalk = ([, hint]: [string, Hint]) => 'after' in hint;
  const hints = Object.entries(state.hints);
  for (const [flow, hint] of hints.filter(isWalk)) {
    if (!fits(flow, hint))
      throw new StudioError('nonsense', 'A page URL is too long for a cursor', {
        operation: 'ListExecution',
      });
    bounded.hints[flow] = hint;
  }
  for (const [flow, second] of Object.entries(state.newest))
    if (fits(flow, second)) bounded.newest[flow] = second;
  for (const [flow, hint] of hints) if (!isWalk([flow, hint]) && fits(flow, hint)) bounded.hints[flow] = hint;
  return bounded;
}
