import type { ConfiguredFlow } from '../../config.ts';
import type { Studio } from '../../studio/client.ts';
import { StudioError } from '../../studio/errors.ts';
import { mayTouch } from '../auth/authorise.ts';
import { concurrently } from '../concurrently.ts';
import { executionJson } from '../execution-json.ts';
import type { Answer, Request } from '../request.ts';
import type { ServeRuntime } from '../runtime.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { type ListState, startOf } from './filters.ts';
import { merge } from './merge.ts';
import { type Budget, MAX_PAGE_SIZE } from './page.ts';
import { positionIn } from './position.ts';
import { type Hint, type Scan, scanFlow } from './scan.ts';

/** Upstream pages that one request reads beyond two of each flow: where it was, and what follows. */
const PAGES_TO_GO_ON = 2;
const MAX_FURTHER_PAGES = 8;
/** Of several flows each is asked for its share of the answer, and a little more than that. */
const MIN_SHARE = 10;
/** What shows whether a flow's list is in order. */
const MIN_PAGE_SIZE = 20;
const MAX_CONCURRENT_FLOWS = 5;
/** When less is left, what has been found is handed out, with a cursor. */
const RESERVE_MS = 5_000;
/** Of all hints together: a cursor travels in a URL. */
const MAX_HINT_CHARACTERS = 1_500;

type ListRuntime = Pick<ServeRuntime, 'secret' | 'config' | 'now'> & {
  studio: { executions: Pick<Studio['executions'], 'list'> };
};

/** GET /executions: over every configured flow that the caller may touch. */
export function listAllExecutions(
  runtime: ListRuntime,
  request: Request<'GET /executions'>,
): Promise<Answer> {
  return list(
    runtime,
    request,
    runtime.config.flows.filter((flow) => mayTouch(request.caller, flow)),
  );
}

/** GET /flows/{flow}/executions. */
export function listFlowExecutions(
  runtime: ListRuntime,
  request: Request<'GET /flows/{flow}/executions'>,
): Promise<Answer> {
  return list(runtime, request, [request.flow]);
}

async function list(
  runtime: ListRuntime,
  request: Request<'GET /executions'> | Request<'GET /flows/{flow}/executions'>,
  flows: readonly ConfiguredFlow[],
): Promise<Answer> {
  const { query, deadlineMs } = request;
  const secret = await runtime.secret.get();
  const scope = [request.route, ...flows.map(({ sid }) => sid)];
  const opened = query.cursor === undefined ? undefined : openCursor(secret, scope, query.cursor);
  const start = startOf(query, opened);
  const { contact } = start.filters;

  const budget = { pages: PAGES_TO_GO_ON * flows.length + MAX_FURTHER_PAGES, idle: start.idle };
  const scans = startScans(runtime, request, flows, start, budget);
  await concurrently(scans, MAX_CONCURRENT_FLOWS, async (scan) => scan?.peek());
  const merged = await merge({
    scans,
    position: start.position,
    limit: query.limit,
    keep: ({ contactChannelAddress }) => contact === undefined || contactChannelAddress === contact,
    hasTime: () => runtime.now() < deadlineMs - RESERVE_MS,
  });

  const done = scans.flatMap((scan, index) => (!scan || scan.isAtEnd() ? [index] : []));
  const state = {
    filters: start.filters,
    position: merged.position,
    hints: hintsOf(scans),
    done,
    idle: budget.idle,
  };
  return {
    status: 200,
    body: {
      executions: merged.executions.map(({ execution, flow }) => executionJson(execution, flows[flow])),
      nextCursor: done.length === flows.length ? null : sealCursor(secret, scope, state),
    },
  };
}

function startScans(
  { studio }: ListRuntime,
  { query, signal }: Request<'GET /executions'> | Request<'GET /flows/{flow}/executions'>,
  flows: readonly ConfiguredFlow[],
  start: ListState,
  budget: Budget,
): (Scan | undefined)[] {
  const { contact, ...filters } = start.filters;
  // What was read already of the position's second comes once more, and must not fill the page.
  const share =
    flows.length === 1
      ? Math.max(MIN_PAGE_SIZE, query.limit)
      : MIN_SHARE + Math.ceil((2 * query.limit) / flows.length);
  const pageSize = contact === undefined ? share + start.position.seen.length : MAX_PAGE_SIZE;
  return flows.map((flow, index) => {
    if (start.done.includes(index)) return undefined;
    const scan = scanFlow({
      executions: studio.executions,
      flowSid: flow.sid,
      filters,
      position: positionIn(start.position, index),
      hint: start.hints[index],
      pageSize: Math.min(MAX_PAGE_SIZE, pageSize),
      budget,
      signal,
    });
    return flows.length === 1 ? scan : endingWhereUnknown(scan);
  });
}

/** Among several flows, one that Studio does not know (any more) has no executions. */
function endingWhereUnknown(scan: Scan): Scan {
  let isUnknown = false;
  return {
    ...scan,
    async peek() {
      if (isUnknown) return 'end';
      try {
        return await scan.peek();
      } catch (error) {
        if (!(error instanceof StudioError) || error.kind !== 'not-found') throw error;
        isUnknown = true;
        return 'end';
      }
    },
    isAtEnd: () => isUnknown || scan.isAtEnd(),
  };
}

/** As many as fit; a flow without its hint goes on by the position, which is slower in the rare case. */
function hintsOf(scans: readonly (Scan | undefined)[]): Record<string, Hint> {
  const hints: Record<string, Hint> = {};
  let characters = 0;
  for (const [index, scan] of scans.entries()) {
    const hint = scan?.hint();
    const length = hint?.query?.length ?? 0;
    if (hint === undefined || characters + length > MAX_HINT_CHARACTERS) continue;
    characters += length;
    hints[index] = hint;
  }
  return hints;
}
