import type { ConfiguredFlow } from '../../config/configuration.ts';
import type { Studio } from '../../studio/client.ts';
import { StudioError } from '../../studio/errors.ts';
import type { Flow } from '../../studio/types.ts';
import { mayTouch } from '../auth/authorise.ts';
import { openCursor, sealCursor } from '../list/cursor.ts';
import { isTransient } from '../list/page.ts';
import type { Answer, Request } from '../request.ts';
import type { ServeRuntime } from '../runtime.ts';
import { concurrently } from './concurrently.ts';

const MAX_CONCURRENT_FETCHES = 5;

type FlowsRuntime = Pick<ServeRuntime, 'secret' | 'config'> & { studio: Pick<Studio, 'flows'> };

/** GET /flows: the configured ones that the caller may touch, in the order of the configuration. */
export async function listFlows(runtime: FlowsRuntime, request: Request<'GET /flows'>): Promise<Answer> {
  const { caller, query, route, signal } = request;
  const visible = runtime.config.flows.filter((flow) => mayTouch(caller, flow));
  const secret = await runtime.secret.get();
  const scope = [route, ...visible.map(({ sid }) => sid)];
  const begin = openCursor<number>(secret, scope, query.cursor) ?? 0;
  const fetched = await concurrently(
    visible.slice(begin, begin + query.limit),
    MAX_CONCURRENT_FETCHES,
    async (configured) => {
      try {
        return summaryOf(configured, await fetchUnlessUnknown(runtime, configured, signal));
      } catch (error) {
        if (!isTransient(error)) throw error;
        return error;
      }
    },
  );
  const flows = untilTrouble(fetched);
  const end = begin + flows.length;
  return {
    status: 200,
    body: { flows, nextCursor: sealCursor(secret, scope, end < visible.length ? end : null) },
  };
}

/**
 * Returns the flows before the first one that could not be fetched, with which the next request begins.
 * Throws if there are none.
 */
function untilTrouble(fetched: readonly (FlowSummary | StudioError)[]): FlowSummary[] {
  const flows: FlowSummary[] = [];
  for (const one of fetched) {
    if (!(one instanceof StudioError)) flows.push(one);
    else if (flows.length === 0) throw one;
    else break;
  }
  return flows;
}

/** GET /flows/{flow}: with its definition. */
export async function fetchFlow(
  { studio }: Pick<FlowsRuntime, 'studio'>,
  { flow: configured, signal }: Request<'GET /flows/{flow}'>,
): Promise<Answer> {
  const flow = await studio.flows.fetch(configured.sid, { signal });
  return {
    status: 200,
    body: {
      ...summaryOf(configured, flow),
      definition: flow.definition ?? null,
      errors: flow.errors ?? null,
      warnings: flow.warnings ?? null,
    },
  };
}

/** One flow that is gone upstream must not hide the others: it is listed as unknown. */
async function fetchUnlessUnknown(
  { studio }: Pick<FlowsRuntime, 'studio'>,
  { sid }: ConfiguredFlow,
  signal: AbortSignal,
): Promise<Flow | undefined> {
  try {
    return await studio.flows.fetch(sid, { signal });
  } catch (error) {
    if (error instanceof StudioError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

type FlowSummary = ReturnType<typeof summaryOf>;

function summaryOf({ alias, sid }: ConfiguredFlow, flow: Flow | undefined) {
  return {
    alias,
    sid,
    /** Whether Studio knows it. */
    isKnown: flow !== undefined,
    accountSid: flow?.accountSid ?? null,
    friendlyName: flow?.friendlyName ?? null,
    status: flow?.status ?? null,
    revision: flow?.revision ?? null,
    commitMessage: flow?.commitMessage ?? null,
    valid: flow?.valid ?? null,
    dateCreated: flow?.dateCreated ?? null,
    dateUpdated: flow?.dateUpdated ?? null,
    url: flow?.url ?? null,
  };
}
