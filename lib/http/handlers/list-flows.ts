import type { Studio } from '../../studio/client.ts';
import { StudioError } from '../../studio/errors.ts';
import { openCursor, sealCursor } from '../list/cursor.ts';
import { isTransient } from '../list/merge.ts';
import { type AnswerOf, mayTouch, type Request, type ServeRuntime } from '../request.ts';
import type { AnswerBody } from '../schemas/answers.ts';
import { flowSummaryBody } from './bodies.ts';
import { concurrently } from './concurrently.ts';

const MAX_CONCURRENT_FETCHES = 5;

type FlowsRuntime = Pick<ServeRuntime, 'secret' | 'config'> & { studio: Pick<Studio, 'flows'> };

/**
 * GET /flows: the configured flows that the caller may touch, in the order of the configuration. A flow that
 * Studio does not know is listed as unknown. Ends before a flow that cannot be fetched now; throws if it is
 * the first.
 */
export async function listFlows(
  { config, secret: source, studio }: FlowsRuntime,
  { caller, query, route, signal }: Request<'GET /flows'>,
): Promise<AnswerOf<'Flows'>> {
  const visible = config.flows.filter((flow) => mayTouch(caller, flow));
  const secret = await source.get();
  const scope = [route, ...visible.map(({ sid }) => sid)];
  const begin = openCursor<number>(secret, scope, query.cursor) ?? 0;
  const wanted = visible.slice(begin, begin + query.limit);
  const fetched = await concurrently(wanted, MAX_CONCURRENT_FETCHES, async (configured) => {
    const flow = await studio.flows.fetch(configured.sid, { signal }).catch(studioErrorOf);
    return { configured, flow };
  });
  const flows: AnswerBody<'FlowSummary'>[] = [];
  for (const { configured, flow } of fetched) {
    if (!(flow instanceof StudioError)) flows.push(flowSummaryBody(configured, flow));
    else if (flow.kind === 'not-found') flows.push(flowSummaryBody(configured, undefined));
    else if (isTransient(flow) && flows.length > 0) break;
    else throw flow;
  }
  const end = begin + flows.length;
  return {
    status: 200,
    body: { flows, nextCursor: sealCursor(secret, scope, end < visible.length ? end : null) },
  };
}

function studioErrorOf(error: unknown): StudioError {
  if (error instanceof StudioError) return error;
  throw error;
}
