import { expect, test } from 'vitest';
import {
  reportEnd,
  reportFailedStep,
  reportPolicy,
  reportSlice,
} from '../../../../lib/purge/engine/report.ts';
import { NO_COUNTS } from '../../../../lib/purge/record/record.ts';
import { createLog } from '../../../../lib/telemetry/log.ts';

function logged() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  return { lines, log: createLog({ now: () => 0, write, functionName: 'cleanup' }) };
}

const added = { ...NO_COUNTS, listed: 12, deleted: 10, ended: 3, failed: 1 };

test('each slice is told with what it added', () => {
  const { lines, log } = logged();
  reportSlice(log, 'pu1', 4, { status: 'running', pauseSeconds: 0, added });
  expect(lines).toMatchObject([
    {
      message: 'purge slice',
      purge: 'pu1',
      slice: 4,
      outcome: 'running',
      PurgeListed: 12,
      PurgeDeleted: 10,
      PurgeEnded: 3,
      PurgeFailed: 1,
    },
  ]);
});

test('a slice that only waits for its turn says nothing', () => {
  const { lines, log } = logged();
  const result = {
    status: 'running',
    pauseSeconds: 0,
    awaitsLock: true,
    added: NO_COUNTS,
  } as const;
  expect(reportSlice(log, 'pu1', 4, result)).toEqual(result);
  expect(lines).toEqual([]);
});

test('a slice that throws says what, without a word of its message', () => {
  const { lines, log } = logged();
  reportFailedStep(
    log,
    { purge: 'pu1' },
    'slice-4',
    new Error('+15550001111', { cause: new RangeError('x') }),
  );
  expect(lines).toMatchObject([
    { level: 'ERROR', purge: 'pu1', step: 'slice-4', errors: ['Error', 'RangeError'], Trouble: 1 },
  ]);
  expect(JSON.stringify(lines)).not.toContain('5550001111');
});

test('the end of a purge that failed is an error, and counted', () => {
  const { lines, log } = logged();
  reportEnd(log, 'pu1', 'failed');
  reportEnd(log, 'pu2', 'stopped');
  expect(lines).toMatchObject([
    { level: 'ERROR', message: 'purge ended', purge: 'pu1', outcome: 'failed', PurgesEnded: 1 },
    { level: 'INFO', message: 'purge ended', purge: 'pu2', outcome: 'stopped', PurgesEnded: 1 },
  ]);
});

test('a policy that could not be started is told as a purge that failed', () => {
  const { lines, log } = logged();
  reportPolicy(log, { policy: 'weekly', purge: 'pu1', outcome: 'started' });
  reportPolicy(log, { policy: 'daily', purge: null, outcome: 'not-started', errors: ['TypeError'] });
  expect(lines[1]).toMatchObject({ policy: 'daily', errors: ['TypeError'] });
  expect(lines.map(({ level, message, outcome }) => [level, message, outcome])).toEqual([
    ['INFO', 'policy started', 'started'],
    ['ERROR', 'policy started', 'not-started'],
    ['ERROR', 'purge ended', 'failed'],
  ]);
});
