import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { takeCensus } from '../../../lib/census/census.ts';
import { checkConfig } from '../../../lib/config/configuration.ts';
import { reportRequest } from '../../../lib/http/report.ts';
import { reportEnd, reportSlice } from '../../../lib/purge/engine/report.ts';
import { createLog, type Log } from '../../../lib/telemetry/log.ts';
import { sampleConfig, synthesize } from '../../support/synthesized.ts';

type Directive = { Dimensions: string[][]; Metrics: { Name: string }[] };

/** `Requests by outcome,route`: a metric, and what CloudWatch files it under. */
const named = (metric: string, dimensions: string[]) => `${metric} by ${dimensions.toSorted().join(',')}`;

/** What the functions write, found by having them write it. */
async function written(): Promise<Set<string>> {
  const found = new Set<string>();
  const log = createLog({
    now: () => 0,
    functionName: 'test',
    write: (line) => {
      const directives: Directive[] = JSON.parse(line)._aws?.CloudWatchMetrics ?? [];
      for (const { Dimensions, Metrics } of directives)
        for (const dimensions of Dimensions)
          for (const { Name } of Metrics) found.add(named(Name, dimensions));
    },
  });
  await writeOneOfEach(log);
  return found;
}

async function writeOneOfEach(log: Log): Promise<void> {
  reportRequest(log, {
    requestId: '1',
    functionRequestId: '1',
    trace: { route: 'POST /flows/{flow}/executions' },
    outcome: { status: 201, headers: { 'idempotent-replayed': 'true' } },
    durationMs: 1,
    tally: { calls: 1, ms: 1, throttled: 0, requestIds: [] },
  });
  log('ERROR', 'secret could not be read', {});
  log('ERROR', 'claim could not be settled', {});
  const counts = { listed: 1, matched: 1, archived: 1, ended: 1, deleted: 1, alreadyGone: 0, failed: 0 };
  reportSlice(log, 'purge', 1, { status: 'running', pauseSeconds: 0, added: counts });
  reportEnd(log, 'purge', 'succeeded');
  const config = checkConfig(sampleConfig);
  const endless = async function* () {
    for (;;) yield { items: [], nextPageUrl: 'more' };
  };
  const census = { config, log, now: () => 0, remainingMs: () => 900_000, upstream: { pages: endless } };
  await takeCensus(census, { step: (_name, work) => work() });
}

describe('the functions’ own metrics', () => {
  let template: Template;
  let found: Set<string>;
  beforeAll(async () => {
    found = await written();
    ({ template } = synthesize({ stuckAlarm: 1 }));
  });

  it('are written with what the alarms look for', () => {
    const alarms = JSON.stringify(template.findResources('AWS::CloudWatch::Alarm'));
    const metrics = Object.values(template.findResources('AWS::CloudWatch::Alarm')).flatMap(
      ({ Properties }) => [
        Properties,
        ...(Properties.Metrics ?? []).map(
          (one: { MetricStat?: { Metric: object } }) => one.MetricStat?.Metric ?? {},
        ),
      ],
    );
    const ours = metrics.filter(({ Namespace }) => Namespace === 'Test-Studio');
    expect(ours.length).toBeGreaterThan(8);
    expect(alarms).toContain('Test-Studio');
    for (const { MetricName, Dimensions = [] } of ours)
      expect(found).toContain(
        named(
          MetricName,
          Dimensions.map(({ Name }: { Name: string }) => Name),
        ),
      );
  });

  it('are written with what the dashboard searches for', () => {
    const body = JSON.stringify(template.findResources('AWS::CloudWatch::Dashboard')).replaceAll('\\', '');
    const searches = [...body.matchAll(/\{"Test-Studio",([^}]*)\} MetricName="(\w+)"/g)];
    expect(searches.length).toBeGreaterThan(2);
    for (const [, dimensions = '', metric = ''] of searches)
      expect(found).toContain(named(metric, dimensions.replaceAll('"', '').split(',')));
  });

  it('are written with what the dashboard draws by name', () => {
    const body = JSON.stringify(template.findResources('AWS::CloudWatch::Dashboard')).replaceAll('\\', '');
    const drawn = [...body.matchAll(/\["Test-Studio","(\w+)"((?:,"[^"]+")*)/g)];
    expect(drawn.length).toBeGreaterThan(8);
    for (const [, metric = '', dimensions = ''] of drawn) {
      const names = dimensions.split(',').filter((_part, index) => index % 2 === 1);
      expect(found).toContain(
        named(
          metric,
          names.map((name) => name.replaceAll('"', '')),
        ),
      );
    }
  });
});
