import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { type Api, ApiProblem, ApiUnreachable } from '../api.ts';
import { type Purge, purgeView, readPurge } from './purge-view.ts';

/** Records that are looked through for the dry run; it is seldom far from the purge itself. */
const RECORDS = 100;

const page = v.object({ purges: v.array(purgeView) });

/**
 * How many executions the purge has before it: what the dry run of the same selection and the same window
 * matched, as this tool lets one precede. null: there is none.
 */
export async function totalOf(api: Api, id: string): Promise<number | null> {
  try {
    const purge = readPurge((await api.call('GET', `/purges/${encodeURIComponent(id)}`)).body);
    const read = v.safeParse(page, (await api.call('GET', `/purges?limit=${RECORDS}`)).body);
    const dry = read.success ? read.output.purges.find((other) => isDryRunOf(other, purge)) : undefined;
    return dry?.counts.matched ?? null;
  } catch (error) {
    // Without it there is no bar; whatever is wrong is told by whoever watches.
    if (error instanceof ApiProblem || error instanceof ApiUnreachable) return null;
    throw error;
  }
}

function isDryRunOf(dry: Purge, purge: Purge): boolean {
  const selected = ({ window, request: { flows, status, action, contact, limit } }: Purge) => [
    window,
    flows,
    status,
    action,
    contact,
    limit,
  ];
  return (
    dry.request.dryRun &&
    dry.status === 'succeeded' &&
    dry.window !== undefined &&
    isDeepStrictEqual(selected(dry), selected(purge))
  );
}
