import { describe, expect, it } from 'vitest';
import { config } from '../../../infra/config.ts';
import { warningsOf } from '../../../infra/constructs/warnings.ts';
import { checkConfig } from '../../../lib/config/configuration.ts';
import { sampleConfig } from '../../support/synthesized.ts';

const DAILY = { schedule: 'rate(1 day)' };
const withAge = (olderThan: string) =>
  checkConfig({ ...sampleConfig, policies: [{ name: 'late', olderThan }] });

describe('what synth warns of', () => {
  it.each(['P31D', 'P2M', 'P1Y', 'PT721H'])('an age of %s, which Twilio is ahead of', (olderThan) => {
    expect(warningsOf(withAge(olderThan), DAILY)).toEqual([
      { id: 'studio-executions:policy-late', text: expect.stringContaining(olderThan) },
    ]);
  });

  it.each(['P30D', 'P7D', 'PT12H', 'P4W'])('not an age of %s', (olderThan) => {
    expect(warningsOf(withAge(olderThan), DAILY)).toEqual([]);
  });

  it('flows that are still those of the example', () => {
    const flows = [...config.flows, ...sampleConfig.flows.map((flow) => ({ ...flow, alias: 'own' }))];
    expect(warningsOf(checkConfig({ flows }), DAILY)).toEqual([
      {
        id: 'studio-executions:example-flows',
        text: 'Flows with the SID of the example: welcome, support. Put your own into infra/config.ts',
      },
    ]);
  });

  it.each(['rate(7 days)', 'cron(0 3 ? * MON *)', 'cron(0 3 1 * ? *)'])(
    'the schedule %s, of which no alarm can tell that it does not run',
    (schedule) => {
      expect(warningsOf(withAge('P7D'), { schedule })).toEqual([
        { id: 'studio-executions:schedule-unwatched', text: expect.stringContaining(schedule) },
      ]);
      expect(warningsOf(checkConfig({ ...sampleConfig, policies: [] }), { schedule })).toEqual([]);
    },
  );

  it.each(['rate(6 days)', 'cron(0 3 ? * MON-FRI *)', false] as const)('not the schedule %s', (schedule) => {
    expect(warningsOf(withAge('P7D'), { schedule })).toEqual([]);
  });
});
