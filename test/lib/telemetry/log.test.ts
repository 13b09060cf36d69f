import { describe, expect, test, vi } from 'vitest';
import { ConfigError } from '../../../lib/config/configuration.ts';
import {
  createLog,
  describeError,
  type LogFields,
  logSecretTrouble,
  noteAttempt,
  tallyAttempts,
  type UpstreamTally,
  upstreamFields,
} from '../../../lib/telemetry/log.ts';
import { METRICS } from '../../../lib/telemetry/metrics.ts';

const AT = Date.parse('2026-11-22T10:00:00Z');

function collect(options: { metricNamespace?: string } = {}) {
  const written: string[] = [];
  const write = (line: string) => void written.push(line);
  const log = createLog({ now: () => AT, write, functionName: 'query', ...options });
  return { log, lines: () => written.map((line) => JSON.parse(line)), written };
}

describe('a log line', () => {
  test('is one line of JSON under Powertools’ names', () => {
    const { log, written, lines } = collect();
    log('INFO', 'request', { requestId: 'r-1', route: 'GET /flows', status: 200 });
    expect(written[0]).toMatch(/^[^\n]+\n$/);
    expect(lines()).toEqual([
      {
        level: 'INFO',
        message: 'request',
        timestamp: '2026-11-22T10:00:00.000Z',
        service: 'studio-executions',
        function_name: 'query',
        cold_start: true,
        requestId: 'r-1',
        route: 'GET /flows',
        status: 200,
      },
    ]);
  });

  test('holds nothing but the named fields, whatever is handed in beside them', () => {
    const { log, written } = collect();
    const fields: LogFields & Record<string, unknown> = {
      route: 'x',
      to: '+15005550006',
      body: { a: 'secret' },
    };
    log('INFO', 'request', fields);
    expect(written.join()).not.toMatch(/5005550006|secret/);
  });

  test('is cold until the first request was answered', () => {
    const { log, lines } = collect();
    log('ERROR', 'secret could not be read', {});
    log('INFO', 'request', {});
    log('INFO', 'request', {});
    expect(lines().map((line) => line.cold_start)).toEqual([true, true, false]);
  });

  test('carries its metrics in the embedded metric format, each with its own dimensions', () => {
    const { log, lines } = collect({ metricNamespace: 'StudioExecutions-prod' });
    log('INFO', 'request', { route: 'GET /flows', outcome: 'ok' }, [
      { dimensions: [['route', 'outcome'], ['outcome']], values: { requests: 1 } },
      { dimensions: [[]], values: { upstreamCalls: 3, duration: 12 } },
    ]);
    expect(lines()[0]).toMatchObject({
      Requests: 1,
      UpstreamCalls: 3,
      Duration: 12,
      _aws: {
        Timestamp: AT,
        CloudWatchMetrics: [
          {
            Namespace: 'StudioExecutions-prod',
            Dimensions: [['route', 'outcome'], ['outcome']],
            Metrics: [{ Name: 'Requests', Unit: 'Count' }],
          },
          {
            Namespace: 'StudioExecutions-prod',
            Dimensions: [[]],
            Metrics: [
              { Name: 'UpstreamCalls', Unit: 'Count' },
              { Name: 'Duration', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
    });
  });

  test('that somebody should look at counts as trouble, by its message', () => {
    const { log, lines } = collect();
    log('ERROR', 'claim could not be settled', {});
    const [line] = lines();
    expect(line).toMatchObject({ Trouble: 1, message: 'claim could not be settled' });
    expect(line._aws.CloudWatchMetrics).toEqual([
      {
        Namespace: 'StudioExecutions',
        Dimensions: [['message']],
        Metrics: [{ Name: METRICS.trouble.name, Unit: 'Count' }],
      },
    ]);
  });
});

describe('an error', () => {
  test('is told by its class, its causes’ classes and its frames, never by its message', () => {
    const message = 'to +15005550006\n    at /home/+15005550006/file.ts:1:2';
    const described = describeError(new TypeError(message, { cause: new RangeError(message) }));
    expect(described.errors).toEqual(['TypeError', 'RangeError']);
    expect(described.stack?.[0]).toMatch(/log\.test\.ts:\d+:\d+/);
    expect(JSON.stringify(described)).not.toContain('5005550006');
  });

  test('that nobody can tell anything of is told as what it is', () => {
    expect(describeError('+15005550006')).toEqual({ errors: ['string'] });
    const circle = new Error('x');
    circle.cause = circle;
    expect(describeError(circle).errors).toHaveLength(5);
  });

  test('of the configuration or the secret names its mistakes, which name no value', () => {
    const error = new ConfigError('The secret has mistakes', [
      { pointer: '#/apiKeySid', detail: 'is missing' },
    ]);
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    logSecretTrouble({ error, kept: true });
    const line = JSON.parse(String(stdout.mock.calls[0]?.[0]));
    stdout.mockRestore();
    expect(line).toMatchObject({
      level: 'ERROR',
      message: 'secret could not be read',
      mistakes: ['#/apiKeySid is missing'],
      kept: true,
    });
  });
});

describe('attempts upstream', () => {
  const start = (): UpstreamTally => ({ calls: 0, ms: 0, throttled: 0, requestIds: [] });

  test('are counted for the request that they belong to, also when two run at once', async () => {
    const [one, other] = [start(), start()];
    const work = async (requestId: string, status: number) => {
      await Promise.resolve();
      noteAttempt({ durationMs: 1.4, status, requestId });
      await new Promise(setImmediate);
      noteAttempt({ durationMs: 2, status: 200, requestId });
    };
    await Promise.all([
      tallyAttempts(one, () => work('RQ1', 429)),
      tallyAttempts(other, () => work('RQ2', 200)),
    ]);
    expect(upstreamFields(one)).toEqual({
      upstreamCalls: 2,
      upstreamMs: 3,
      upstreamThrottled: 1,
      upstreamRequestIds: ['RQ1', 'RQ1'],
    });
    expect(other).toMatchObject({ throttled: 0, requestIds: ['RQ2', 'RQ2'] });
  });

  test('outside of a request are counted for nobody; what is no request id is not told', () => {
    expect(() => noteAttempt({ durationMs: 1 })).not.toThrow();
    const tally = { ...start(), requestIds: ['RQ1', '+1 500 555 0006'] };
    expect(upstreamFields(tally).upstreamRequestIds).toEqual(['RQ1']);
  });
});
