import type { Upstream } from '../../../../lib/purge/engine/ports.ts';
import { type Clock, NOON, WELCOME } from '../world.ts';
import { sidOf } from './in-process.ts';

const PAGE_SIZE = 1_000;
const A_SECOND = 4;
const OLDEST_FIRST_MS = NOON - 8 * 86_400_000;

const never = () => {
  throw new Error('this upstream has no such call');
};

/** As many as are wanted, made up as they are listed: four were created in each second. */
export function syntheticUpstream(count: number, deletesPerSecond: number, clock: Clock) {
  const deleted = new Uint8Array(count);
  let lists = 0;
  const createdMs = (index: number) => OLDEST_FIRST_MS - Math.floor(index / A_SECOND) * 1_000;
  const upstream: Upstream = {
    fetch: never,
    context: never,
    steps: never,
    end: never,
    async *pages(_flow, { dateCreatedTo }) {
      lists += 1;
      let index = Math.max(0, ((OLDEST_FIRST_MS - Date.parse(dateCreatedTo)) / 1_000) * A_SECOND);
      while (index < count && createdMs(index) >= Date.parse(dateCreatedTo)) index += 1;
      while (index < count) {
        const items = [];
        let created = '';
        for (; index < count && items.length < PAGE_SIZE; index++) {
          if (created === '' || index % A_SECOND === 0) created = new Date(createdMs(index)).toISOString();
          if (deleted[index] === 0) items.push(executionOf(index, created));
        }
        yield { items, nextPageUrl: index < count ? 'next' : null };
      }
      yield { items: [], nextPageUrl: null };
    },
    async delete(_flow, sid) {
      const index = Number.parseInt(sid.slice(-8), 16);
      if (deleted[index] === 1) return { outcome: 'already-gone', afterLostResponse: false };
      deleted[index] = 1;
      clock.nowMs += 1_000 / deletesPerSecond;
      return { outcome: 'deleted' };
    },
  };
  return { upstream, lists: () => lists, left: () => deleted.filter((one) => one === 0).length };
}

function executionOf(index: number, dateCreated: string) {
  return {
    sid: sidOf(index),
    accountSid: null,
    flowSid: WELCOME,
    contactChannelAddress: null,
    contactSid: null,
    flowVersion: null,
    status: 'ended' as const,
    dateCreated,
    dateUpdated: null,
    initiatedBy: null,
    url: null,
  };
}
