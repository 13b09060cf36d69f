import { describe, expect, it } from 'vitest';
import { ConfigError, checkConfig, findFlow, readConfig } from '../../../lib/config/configuration.ts';

const sid = (digit: string) => `FW${digit.repeat(32)}`;
const minimal = { flows: [{ alias: 'welcome', sid: sid('0') }] };

function mistakesOf(input: unknown): string[] {
  try {
    checkConfig(input);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes.map((one) => `${one.pointer} ${one.detail}`);
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('needs only flows, and fills in the rest', () => {
    expect(checkConfig(minimal)).toEqual({
      flows: [{ alias: 'welcome', sid: sid('0'), onConflict: 'fail', correlation: true }],
      policies: [],
      corsOrigins: [],
    });
  });

  it('grants Twilio’s signatures nothing but the trigger, of configured flows', () => {
    const mistakes = (twilioWebhooks: unknown) => mistakesOf({ ...minimal, twilioWebhooks });
    expect(mistakes({ scopes: ['trigger'], flows: ['welcome', sid('0')], allowRepeats: true })).toEqual([]);
    expect(mistakes({ scopes: ['trigger', 'read'], flows: ['welcome', 'billing'] })).toEqual([
      '#/twilioWebhooks/scopes/1 must be "trigger": a signed request may do nothing else',
      '#/twilioWebhooks/flows/1 is not a configured flow',
    ]);
    expect(mistakes({ scopes: [], flows: [] })).toEqual([
      '#/twilioWebhooks/scopes must name at least one scope',
      '#/twilioWebhooks/flows must name at least one flow',
    ]);
  });

  it('fills in what a policy leaves out', () => {
    const { policies } = checkConfig({ ...minimal, policies: [{ name: 'weekly', olderThan: 'P7D' }] });
    expect(policies).toEqual([
      { name: 'weekly', flows: 'all', status: 'ended', olderThan: 'P7D', action: 'delete', archive: false },
    ]);
  });

  it('names three mistakes of three kinds at once, each with its path', () => {
    const mistakes = mistakesOf({
      flows: [{ alias: 'welcome', sid: 'FW1', color: 'red' }],
      policies: [{ name: 'weekly', olderThan: '7 days' }],
    });
    expect(mistakes).toEqual([
      '#/flows/0/sid must be a flow SID: FW and 32 hexadecimal digits',
      '#/flows/0/color is not a known member',
      '#/policies/0/olderThan must be an ISO 8601 duration, such as P7D or PT12H',
    ]);
  });

  it('refuses an alias, a flow or a policy that stands there twice', () => {
    const policy = { name: 'weekly', olderThan: 'P7D' };
    expect(
      mistakesOf({ flows: [minimal.flows[0], minimal.flows[0]], policies: [policy, policy] }).map(
        (mistake) => mistake.split(' ')[0],
      ),
    ).toEqual(['#/flows/1/alias', '#/flows/1/sid', '#/policies/1/name']);
  });

  it('refuses a policy for a flow that is not configured', () => {
    const policies = [{ name: 'weekly', flows: ['welcome', 'billing'], olderThan: 'P7D' }];
    expect(mistakesOf({ ...minimal, policies })).toEqual([
      '#/policies/0/flows/1 is not the alias of a configured flow',
    ]);
  });

  it('wants edge and region together, as Twilio does', () => {
    expect(mistakesOf({ ...minimal, edge: 'sydney' })).toEqual([
      '#/edge goes with region: give both or neither',
    ]);
    expect(mistakesOf({ ...minimal, region: 'au1' })).toEqual([
      '#/region goes with edge: give both or neither',
    ]);
    expect(mistakesOf({ ...minimal, edge: 'sydney', region: 'au1' })).toEqual([]);
  });

  it.each([
    ['+15551234567', true],
    ['+0123', false],
    ['+1 555', false],
    ['15551234567', false],
    ['whatsapp:+551199999', true],
    ['whatsapp:551199999', false],
    ['12345', true],
    ['client:alice', true],
    [`MG${'a'.repeat(32)}`, true],
    ['', false],
  ])('takes as a sender what Twilio takes: %s', (from, accepted) => {
    const input = { flows: [{ ...minimal.flows[0], from }] };
    expect(mistakesOf(input).length === 0).toBe(accepted);
  });

  it.each([
    ['all', false],
    [sid('1'), false],
    ['1st', false],
    ['Support_line-2', true],
  ])('takes an alias that cannot be mistaken for something else: %s', (alias, accepted) => {
    const input = { flows: [{ alias, sid: sid('0') }] };
    expect(mistakesOf(input).length === 0).toBe(accepted);
  });

  it('says so when the environment holds none, or no JSON', () => {
    expect(() => readConfig(undefined)).toThrow('STUDIO_CONFIG: # is missing');
    expect(() => readConfig('{')).toThrow('STUDIO_CONFIG: # is not JSON');
    expect(readConfig(JSON.stringify(minimal)).flows).toHaveLength(1);
    const twice = `{"flows":[],${JSON.stringify(minimal).slice(1)}`;
    expect(() => readConfig(twice)).toThrow('STUDIO_CONFIG: # has a name twice in one object');
  });

  it('takes null for an optional member as absent, and skips a byte order mark', () => {
    const [flow] = minimal.flows;
    const absent = { flows: [{ ...flow, from: null, onConflict: null }], publicUrl: null, policies: null };
    expect(readConfig(`\ufeff${JSON.stringify(absent)}`)).toEqual(readConfig(JSON.stringify(minimal)));
    expect(() => readConfig('{"flows":null}')).toThrow('#/flows is missing');
    expect(() => readConfig('null')).toThrow(ConfigError);
  });

  it('finds a flow by its alias and by its SID', () => {
    const config = checkConfig(minimal);
    expect(findFlow(config, 'welcome')).toBe(config.flows[0]);
    expect(findFlow(config, sid('0'))).toBe(config.flows[0]);
    expect(findFlow(config, sid('1'))).toBeUndefined();
  });
});
