import { StudioError } from '../../../../lib/studio/errors.ts';
import type { Execution, Listing } from '../../../../lib/studio/types.ts';
import { NOW, SURVEY, WELCOME } from '../../../support/http/api.ts';

/** What an upstream does with windows, tokens and page sizes, and in which order it lists. */
export type Habits = {
  token: 'offset' | 'keyset' | 'expired';
  /** Whether it looks at DateCreatedTo. */
  window: boolean;
  /** Answers with fewer than it was asked for. */
  maxPageSize: number;
  /** Of the first flow, if it is not newest first: oldest first, or by SID, which has no order of time. */
  order?: 'oldest' | 'none';
  /** At least this long are its page tokens. */
  tokenCharacters?: number;
};

export const START_S = Math.floor(NOW / 1_000) - 100;
export const CONTACTS = ['+15005550001', '+15005550002'];

export class Upstream {
  readonly habits: Habits;
  readonly flowSids: readonly string[];
  /** Called after each page. */
  onPage = () => {};
  /** Called before each page: resolves when the page is there. */
  beforePage = async (_flowSid: string, _signal: AbortSignal | undefined) => {};
  /** Newest first. */
  rows: { sid: string; flowSid: string; second: number; contact: string }[] = [];
  #made = 0;
  readonly #tokenBytes: number;

  constructor(habits: Habits, flowSids: readonly string[] = [WELCOME, SURVEY]) {
    this.habits = habits;
    this.flowSids = flowSids;
    this.#tokenBytes = ((habits.tokenCharacters ?? 0) * 3) / 4;
  }

  create(flow: number, second: number): void {
    const number = this.#made++;
    this.rows.unshift({
      sid: `FN${number.toString(16).padStart(32, '0')}`,
      flowSid: this.flowSids[flow] ?? '',
      second,
      contact: CONTACTS[number % 2] ?? '',
    });
    // Stable: of one second, the one that came last stays in front.
    this.rows.sort((one, other) => other.second - one.second);
  }

  list = (
    flowSid: string,
    { dateCreatedTo, pageSize = 50 }: { dateCreatedTo?: string; pageSize?: number } = {},
    { signal }: { signal?: AbortSignal } = {},
  ): Listing<Execution> => {
    const { order } = this.habits;
    const toS = dateCreatedTo === undefined ? Number.POSITIVE_INFINITY : Date.parse(dateCreatedTo) / 1_000;
    const page = (token: string | null) => {
      if (token !== null && this.habits.token === 'expired')
        throw new StudioError('rejected', 'Invalid page token', {
          operation: 'ListExecution',
          status: 400,
          code: 21481,
        });
      const { windowS, size, from } = token
        ? JSON.parse(Buffer.from(token, 'base64url').toString())
        : {
            windowS: this.habits.window ? toS : null,
            size: Math.min(pageSize, this.habits.maxPageSize),
            from: null,
          };
      const rows = this.rows.filter((row) => row.flowSid === flowSid && row.second < (windowS ?? Infinity));
      if (flowSid === this.flowSids[0] && order === 'oldest') rows.reverse();
      if (flowSid === this.flowSids[0] && order === 'none')
        rows.sort((one, other) => (one.sid < other.sid ? -1 : 1));
      const begin = from === null ? 0 : typeof from === 'number' ? from : after(rows, from);
      const found = rows.slice(begin, begin + size);
      const last = found.at(-1);
      const next = this.habits.token === 'offset' ? begin + size : last && [last.second, last.sid];
      const content = JSON.stringify({ windowS, size, from: next }).padEnd(this.#tokenBytes);
      const nextToken = Buffer.from(content).toString('base64url');
      return {
        // The client of Studio applies the window again.
        items: found.filter(({ second }) => second < toS).map(executionOf),
        nextPageUrl: begin + size < rows.length ? `https://studio.example/v2?PageToken=${nextToken}` : null,
      };
    };
    const onPage = () => this.onPage();
    const beforePage = () => this.beforePage(flowSid, signal);
    const pages = async function* (options: { fromPageUrl?: string } = {}) {
      const { fromPageUrl } = options;
      for (
        let token = fromPageUrl ? new URLSearchParams(fromPageUrl.split('?')[1]).get('PageToken') : null;
        ;
      ) {
        await beforePage();
        const found = page(token);
        onPage();
        yield found;
        if (found.nextPageUrl === null) return;
        token = new URL(found.nextPageUrl).searchParams.get('PageToken');
      }
    };
    return {
      pages,
      async *[Symbol.asyncIterator]() {
        for await (const { items } of pages()) yield* items;
      },
    };
  };
}

/** Where a keyset goes on: after this row, also when it is gone. Within a second the later ones come first. */
function after(rows: { second: number; sid: string }[], [second, sid]: [number, string]): number {
  const index = rows.findIndex((row) => row.second < second || (row.second === second && row.sid < sid));
  return index < 0 ? rows.length : index;
}

function executionOf(row: Upstream['rows'][number]): Execution {
  return {
    sid: row.sid,
    accountSid: null,
    flowSid: row.flowSid,
    contactChannelAddress: row.contact,
    contactSid: null,
    flowVersion: null,
    status: 'ended',
    dateCreated: new Date(row.second * 1_000).toISOString(),
    dateUpdated: null,
    initiatedBy: null,
    url: null,
  };
}

/** The first try of a call is given up after a third of its time; a later one may take this long. */
const FIRST_TRY_MS = 6_666;
const LONGEST_TRY_MS = 10_000;
const CALL_MS = 20_000;

/** Resolves when an answer that takes `takesMs` is there, as the client of Studio waits for it; rejects as it does. */
export function arrival(takesMs: number | 'never', signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (kind: 'aborted' | 'timeout') =>
      reject(new StudioError(kind, 'No answer', { operation: 'ListExecution' }));
    const timer =
      takesMs === 'never' || takesMs > LONGEST_TRY_MS
        ? setTimeout(() => end('timeout'), CALL_MS)
        : setTimeout(resolve, takesMs > FIRST_TRY_MS ? FIRST_TRY_MS + takesMs : takesMs);
    const onAbort = () => {
      clearTimeout(timer);
      end('aborted');
    };
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
