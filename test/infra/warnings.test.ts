import { describe, expect, it } from 'vitest';
import { config } from '../../infra/config.ts';
import { warningsOf } from '../../infra/constructs/warnings.ts';
import { checkConfig } from '../../lib/config.ts';
import { sampleConfig } from './synthesized.ts';

const withAge = (olderThan: string) =>
  checkConfig({ ...sampleConfig, policies: [{ name: 'late', olderThan }] });

describe('what synth warns of', () => {
  it.each(['P31D', 'P2M', 'P1Y', 'PT721H'])('an age of %s, which Twilio is ahead of', (olderThan) => {
    expect(warningsOf(withAge(olderThan))).toEqual([
      { id: 'studio-executions:policy-late', text: expect.stringContaining(olderThan) },
    ]);
  });

  it.each(['P30D', 'P7D', 'PT12H', 'P4W'])('not an age of %s', (olderThan) => {
    expect(warningsOf(withAge(olderThan))).toEqual([]);
  });

  it('flows that are still those of the example', () => {
    const flows = [...config.flows, ...sampleConfig.flows.map((flow) => ({ ...flow, alias: 'own' }))];
    expect(warningsOf(checkConfig({ flows }))).toEqual([
      {
        id: 'studio-executions:example-flows',
        text: 'Flows with the SID of the example: welcome, support. Put your own into infra/config.ts',
      },
    ]);
  });
});
