import type { Studio } from '../../studio/client.ts';
import { executionBody } from '../handlers/bodies.ts';
import { type AnswerOf, mayTouch, type Request, type ServeRuntime } from '../request.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { type Budget, MAX_PAGE_SIZE, readFlow, readFlowByToken } from './flow-reader.ts';
import { createMerge, type ListState, startOf } from './merge.ts';

/**
 * Upstream pages for each flow, to resume and to go on, and further ones for all flows, that one request
 * reads.
 */
const PAGES_PER_FLOW = 2;
const MAX_FURTHER_PAGES = 8;
/** A page of one of several flows has at least its share of the answer and this many. */
const MIN_SHARE = 10;
/** Enough to show whether a flow's list is in order. */
const MIN_PAGE_SIZE = 20;
/** With less time left, another page is requested only if the list has not moved on yet. */
const RESERVE_MS = 5_000;

type ListRuntime = Pick<ServeRuntime, 'secret' | 'config' | 'now'> & {
  studio: { executions: Pick<Studio['executions'], 'list'> };
};

/**
 * GET /flows/{flow}/executions, and GET /executions: over every configured flow that the caller may touch.
 */
export async function listExecutions(
  runtime: ListRuntime,
  request: Request<'GET /executions'> | Request<'GET /flows/{flow}/executions'>,
): Promise<AnswerOf<'Executions'>> {
  const { caller, query, deadlineMs, signal } = request;
  const flows = request.flow ? [request.flow] : runtime.config.flows.filter((flow) => mayTouch(caller, flow));
  const secret = await runtime.secret.get();
  const scope = [request.route, ...flows.map(({ sid }) => sid)];
  const start = startOf(query, openCursor<ListState>(secret, scope, query.cursor));
  const { contact, ...filters } = start.filters;
  const share =
    flows.length === 1
      ? Math.max(MIN_PAGE_SIZE, query.limit)
      : MIN_SHARE + Math.ceil((2 * query.limit) / flows.length);

  const budget: Budget = {
    pages: PAGES_PER_FLOW * flows.length + MAX_FURTHER_PAGES,
    idle: start.idle,
    mayRead: () => budget.pages > 0 && (runtime.now() < deadlineMs - RESERVE_MS || !merge.hasMoved()),
  };
  const merge = createMerge({
    start,
    flowCount: flows.length,
    openReader(flow, position, resumeFrom) {
      // Studio lists again what was already read of the position's second; this must not fill the page.
      const pageSize = contact === undefined ? share + position.seen.length : MAX_PAGE_SIZE;
      const options = {
        executions: runtime.studio.executions,
        flowSid: flows[flow]?.sid ?? '',
        filters,
        pageSize: Math.min(MAX_PAGE_SIZE, pageSize),
        budget,
        signal,
        position,
        flow,
      };
      return resumeFrom && 'after' in resumeFrom
        ? readFlowByToken(options, resumeFrom)
        : readFlow(options, resumeFrom);
    },
    keep: ({ contactChannelAddress }) => contact === undefined || contactChannelAddress === contact,
    budget,
  });
  await merge.read(query.limit);

  const state = merge.state();
  return {
    status: 200,
    body: {
      executions: merge.executions.map(({ execution, flow }) => executionBody(execution, flows[flow])),
      nextCursor: sealCursor(secret, scope, state.done.length === flows.length ? null : state),
    },
  };
}
