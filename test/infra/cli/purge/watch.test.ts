import { expect, onTestFinished, test, vi } from 'vitest';
import { createProgress } from '../../../../infra/cli/purge/progress.ts';
import { watchPurge } from '../../../../infra/cli/purge/watch.ts';
import { somebody } from '../../../support/cli/terminal.ts';

const START = Date.parse('2026-11-22T12:00:00Z');

test('the time that is shown runs on while the purge is looked at ever more rarely', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  let nowMs = START;
  const looks: number[] = [];
  const io = somebody({ now: () => nowMs });
  io.sleep = async (ms) => {
    nowMs += ms;
    vi.advanceTimersByTime(ms);
  };
  const call = async () => {
    looks.push(nowMs);
    const dateStarted = new Date(START).toISOString();
    const body = {
      id: 'pu1',
      status: looks.length < 20 ? 'running' : 'succeeded',
      dateStarted,
      dateUpdated: dateStarted,
      request: { dryRun: false },
      counts: {},
    };
    return { status: 200, headers: new Headers(), body };
  };
  const api = { url: 'http://api.example', call, insist: call };
  const progress = createProgress(io);
  await watchPurge('pu1', { api, io, progress, total: 9_000, signal: new AbortController().signal });

  progress.clear();

  const pausesMs = looks.slice(1).map((atMs, index) => atMs - (looks[index] ?? 0));
  expect(pausesMs.at(-1)).toBe(3_000);
  const seconds = Math.floor((nowMs - START) / 1_000);
  for (let second = 1; second < seconds; second++)
    expect(io.said()).toContain(`0 of 9,000  running for ${second} s`);
});
