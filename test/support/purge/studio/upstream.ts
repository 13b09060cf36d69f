import type { Upstream } from '../../../../lib/purge/engine/ports.ts';
import { StudioError, type StudioErrorKind } from '../../../../lib/studio/errors.ts';
import type { Execution, Page, Step } from '../../../../lib/studio/types.ts';

export type Kept = Execution & { state: 'active' | 'ended' | 'deleted' };

export type Quirks = {
  pageSize: number;
  /** `volatile`: refused as soon as anything was changed. */
  tokens: 'offset' | 'keyset' | 'volatile';
  ignoresStatus: boolean;
  ignoresDates: boolean;
  /** Neighbours up to so many places apart change places in lists. */
  disorder: number;
  order: 'newest-first' | 'oldest-first' | 'none';
  /** Deleted ones stay in lists for so many milliseconds of this clock. */
  lagMs: number;
  clock: { readonly nowMs: number };
  deleteActive: 'delete' | 'conflict';
  /** Called before each call: may throw, or change what is there. */
  before: (operation: 'list' | 'end' | 'delete' | 'context', sid: string | null) => void;
  /** Called when the work is done and before it is answered. */
  after: (operation: 'list' | 'end' | 'delete' | 'context', sid: string | null) => void;
};

/** Studio without a socket: for what takes too many runs, or too many executions, for the simulated one. */
export function createMemoryStudio(quirks: Partial<Quirks> = {}) {
  const { tokens = 'keyset', pageSize = 1_000, disorder = 0, deleteActive = 'delete' } = quirks;
  const kept = new Map<string, Kept>();
  let deletedWhileActive = 0;
  let changes = 0;
  const goneAtMs = new Map<string, number>();
  const nowMs = () => quirks.clock?.nowMs ?? 0;
  const isShownStill = (sid: string) => nowMs() < (goneAtMs.get(sid) ?? 0) + (quirks.lagMs ?? 0);
  const calls = { list: 0, end: 0, delete: 0, context: 0 };

  const call = (operation: keyof typeof calls, sid: string | null) => {
    calls[operation] += 1;
    quirks.before?.(operation, sid);
  };
  const find = (sid: string): Kept => {
    const found = kept.get(sid);
    if (!found || found.state === 'deleted') throw failure('not-found', 404, 20404);
    return found;
  };

  /** Newest first; equal seconds in the order of their SIDs. */
  const listed = (flowSid: string, query: { status?: string; from?: string; to: string }): Kept[] => {
    const all = [...kept.values()].filter(
      ({ sid, state, flowSid: flow, dateCreated }) =>
        (state !== 'deleted' || isShownStill(sid)) &&
        flow === flowSid &&
        (quirks.ignoresStatus ||
          query.status === undefined ||
          query.status === (state === 'deleted' ? 'ended' : state)) &&
        (quirks.ignoresDates ||
          ((dateCreated ?? '') < query.to &&
            (query.from === undefined || (dateCreated ?? '') >= query.from))),
    );
    all.sort((a, b) => compare(b.dateCreated ?? '', a.dateCreated ?? '') || compare(a.sid, b.sid));
    if (quirks.order === 'oldest-first') all.reverse();
    if (quirks.order === 'none') all.sort((a, b) => compare(scrambled(a.sid), scrambled(b.sid)));
    for (let index = 0; disorder > 0 && index + disorder < all.length; index += disorder + 1)
      all.splice(index, 0, ...all.splice(index + disorder, 1));
    return all;
  };

  const upstream: Upstream = {
    async *pages(flowSid, { status, dateCreatedFrom, dateCreatedTo }) {
      let offset = 0;
      const startedAt = changes;
      let after: Kept | undefined;
      for (;;) {
        call('list', null);
        if (tokens === 'volatile' && changes !== startedAt) throw failure('rejected', 400, 21481);
        const all = listed(flowSid, {
          ...(status ? { status } : {}),
          ...(dateCreatedFrom ? { from: dateCreatedFrom } : {}),
          to: dateCreatedTo,
        });
        const start = tokens === 'keyset' && after ? placeBehind(all, after) : Math.min(offset, all.length);
        const items = start === -1 ? [] : all.slice(start, start + pageSize);
        const isLast = start === -1 || start + pageSize >= all.length;
        offset += pageSize;
        after = items.at(-1) ?? after;
        quirks.after?.('list', null);
        const page: Page<Execution> = {
          items: items.map(shown),
          nextPageUrl: isLast ? null : 'next',
        };
        yield page;
        if (isLast) return;
      }
    },
    async fetch(_flow, sid) {
      return shown(find(sid));
    },
    async context(_flow, sid) {
      call('context', sid);
      const { accountSid, flowSid } = find(sid);
      quirks.after?.('context', sid);
      return { accountSid, flowSid, executionSid: sid, context: { sid }, url: null };
    },
    async *steps(): AsyncGenerator<Step> {},
    async end(_flow, sid) {
      call('end', sid);
      const found = find(sid);
      if (found.state === 'ended') return { outcome: 'already-ended', afterLostResponse: false };
      found.state = 'ended';
      changes += 1;
      quirks.after?.('end', sid);
      return { outcome: 'ended', execution: found };
    },
    async delete(_flow, sid) {
      call('delete', sid);
      const found = kept.get(sid);
      if (!found || found.state === 'deleted') return { outcome: 'already-gone', afterLostResponse: false };
      if (found.state === 'active') {
        if (deleteActive === 'conflict') throw failure('conflict', 409, 20409);
        deletedWhileActive += 1;
      }
      found.state = 'deleted';
      goneAtMs.set(sid, nowMs());
      changes += 1;
      quirks.after?.('delete', sid);
      return { outcome: 'deleted' };
    },
  };

  return {
    upstream,
    calls,
    kept,
    get deletedWhileActive() {
      return deletedWhileActive;
    },
    add(execution: { sid: string; flowSid: string; createdMs: number; active?: boolean; address?: string }) {
      const { sid, flowSid, createdMs, active = false, address = '+15550000000' } = execution;
      kept.set(sid, {
        sid,
        flowSid,
        accountSid: null,
        contactChannelAddress: address,
        contactSid: null,
        flowVersion: 1,
        status: null,
        dateCreated: new Date(createdMs).toISOString().replace(/\.\d+Z$/, 'Z'),
        dateUpdated: null,
        initiatedBy: null,
        url: null,
        state: active ? 'active' : 'ended',
      });
    },
    in: (state: Kept['state']) => [...kept.values()].filter((one) => one.state === state),
  };
}

export function failure(kind: StudioErrorKind, status: number, code: number): StudioError {
  return new StudioError(kind, kind, { operation: 'test', status, code });
}

export function sidOf(number: number): string {
  return `FN${number.toString(16).padStart(32, '0')}`;
}

function shown({ state, ...execution }: Kept): Execution {
  return { ...execution, status: state === 'active' ? 'active' : 'ended' };
}

/** Where a list goes on after `mark`, whether that is still there or not. */
function placeBehind(all: readonly Kept[], mark: Kept): number {
  const at = all.indexOf(mark);
  return at === -1 ? all.findIndex((one) => isBehind(one, mark)) : at + 1;
}

function isBehind(one: Kept, mark: Kept): boolean {
  const order = compare(mark.dateCreated ?? '', one.dateCreated ?? '') || compare(one.sid, mark.sid);
  return order > 0;
}

function scrambled(sid: string): string {
  return String(Math.imul(Number.parseInt(sid.slice(-8), 16) ^ 0x5bd1, 0x9e3779b1) >>> 8);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
