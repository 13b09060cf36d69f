import * as v from 'valibot';
import type { ExecutionsQuery } from '../schemas/query.ts';
import { foreignCursor } from './cursor.ts';
import { type Position, positionSchema, START } from './position.ts';
import type { Hint } from './scan.ts';

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
  /** Upstream pages in a row that had nothing new. */
  idle: v.number(),
});

export type Filters = v.InferOutput<typeof filtersSchema>;
export type ListState = {
  filters: Filters;
  position: Position;
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
  if (opened === undefined) return { filters: given, position: START, hints: {}, done: [], idle: 0 };
  const state = v.safeParse(stateSchema, opened);
  if (!state.success) throw foreignCursor();
  const { filters } = state.output;
  for (const name of FILTER_NAMES)
    if (given[name] !== undefined && given[name] !== filters[name]) throw foreignCursor();
  return state.output;
}
