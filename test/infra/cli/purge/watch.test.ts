import { expect, test } from 'vitest';
import { watchPurge } from '../../../../infra/cli/purge/watch.ts';
import { somebody } from '../../../support/cli/terminal.ts';

const PURGE = {
  id: 'pu1',
  dateEnded: null,
  request: {
    flows: 'all',
    status: 'ended',
    olderThan: 'P7D',
    dateCreatedFrom: null,
    dateCreatedTo: null,
    contact: null,
    action: 'delete',
    archive: false,
    limit: null,
    dryRun: false,
  },
  window: { from: null, to: '2026-11-15T12:00:00Z' },
  counts: { listed: 0, matched: 0, archived: 0, ended: 0, deleted: 0, alreadyGone: 0, failed: 0 },
  activeMatched: null,
  activeLeft: null,
  failures: [],
  error: null,
};
const START = Date.parse('2026-11-22T12:00:00Z');

test('a purge is looked at ever more rarely, and at least every three seconds', async () => {
  let nowMs = START;
  const looks: number[] = [];
  const io = somebody({ now: () => nowMs, isTTY: false });
  io.sleep = async (ms) => {
    nowMs += ms;
  };
  const call = async () => {
    looks.push(nowMs);
    const dateStarted = new Date(START).toISOString();
    const status = looks.length < 20 ? 'running' : 'succeeded';
    const body = { ...PURGE, status, dateStarted, dateUpdated: dateStarted };
    return { status: 200, headers: new Headers(), body };
  };
  const api = { url: 'http://api.example', call, insist: call };
  await watchPurge('pu1', { api, io, total: 9_000, signal: new AbortController().signal });

  const pausesMs = looks.slice(1).map((atMs, index) => atMs - (looks[index] ?? 0));
  expect(pausesMs).toEqual(pausesMs.toSorted((a, b) => a - b));
  expect(pausesMs.at(-1)).toBe(3_000);
});
