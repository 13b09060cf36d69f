import { StudioError } from '../../../lib/studio/errors.ts';
import { execution, FLOW, type Reply, type Seen, sidOf, type Teller } from './stories.ts';

export const LIST = `/v2/Flows/${FLOW}/Executions`;

/** What came before the end, and the error that was the end. */
export async function collectUntilError<Item>(items: AsyncIterable<Item>) {
  const all: Item[] = [];
  try {
    for await (const item of items) all.push(item);
  } catch (error) {
    if (error instanceof StudioError) return { all, error };
    throw error;
  }
  throw new Error('it should have ended with an error');
}

export function page(
  sids: readonly string[],
  next: string | null | undefined,
  fields: Record<string, unknown> = {},
): Reply {
  const executions = sids.map((sid) => execution(sid, fields));
  return { status: 200, body: { executions, meta: { key: 'executions', next_page_url: next } } };
}

/** A list of as many executions, its page token an offset. */
export function listOf(total: number, tellUrl: (path: string) => string = (path) => path): Teller {
  return (seen: Seen) => {
    const { searchParams } = new URL(seen.url, 'http://localhost');
    const size = Number(searchParams.get('PageSize') ?? 50);
    const from = Number(searchParams.get('PageToken') ?? 0);
    const sids = Array.from({ length: Math.max(0, Math.min(size, total - from)) }, (_, at) =>
      sidOf(from + at),
    );
    const next = from + size < total ? tellUrl(`${LIST}?PageSize=${size}&PageToken=${from + size}`) : null;
    return page(sids, next);
  };
}
