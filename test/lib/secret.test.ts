import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../lib/config.ts';
import { readSecret } from '../../lib/secret.ts';

const whole = {
  accountSid: `AC${'a'.repeat(32)}`,
  apiKeySid: `SK${'a'.repeat(32)}`,
  apiKeySecret: 'hush-hush',
  callers: [{ name: 'crm', token: 'hush-token', scopes: ['trigger'] }],
};

describe('the secret', () => {
  it('is read with its optional members left out', () => {
    expect(readSecret(JSON.stringify(whole))).toEqual({
      ...whole,
      webhooks: [],
      signatureKeys: [],
    });
  });

  it('takes null, and empty text, for optional members as absent', () => {
    const [caller] = whole.callers;
    const document = {
      ...whole,
      authToken: null,
      secondaryAuthToken: '',
      webhooks: null,
      callers: [{ ...caller, flows: null }],
    };
    const { authToken, secondaryAuthToken, webhooks, callers } = readSecret(JSON.stringify(document));
    expect([authToken, secondaryAuthToken, webhooks, callers]).toEqual([undefined, undefined, [], [caller]]);
    const flows = null;
    const hook = { name: 'shop', secret: `whsec_${'A'.repeat(32)}`, scopes: ['trigger'] };
    expect(readSecret(JSON.stringify({ ...whole, webhooks: [{ ...hook, flows }] })).webhooks).toEqual([hook]);
    expect(() => readSecret(JSON.stringify({ ...whole, callers: null }))).toThrow('#/callers is missing');
    expect(() => readSecret(JSON.stringify({ ...whole, apiKeySecret: '' }))).toThrow('#/apiKeySecret');
  });

  it('may begin with a byte order mark', () => {
    expect(readSecret(`\ufeff${JSON.stringify(whole)}`).accountSid).toBe(whole.accountSid);
  });

  it('names every member that is missing or wrong, and no value', () => {
    const wrong = {
      accountSid: 'hush-1',
      callers: [{ name: 'crm', token: 'hush-2', scopes: ['hush-3'] }],
      webhooks: [{ name: 'shop', secret: 'hush-4', scopes: [] }],
    };
    let error: unknown;
    try {
      readSecret(JSON.stringify(wrong));
    } catch (caught) {
      error = caught;
    }
    if (!(error instanceof ConfigError)) throw new Error('a ConfigError was expected');
    expect(error.mistakes.map((one) => one.pointer)).toEqual([
      '#/accountSid',
      '#/apiKeySid',
      '#/apiKeySecret',
      '#/callers/0/scopes/0',
      '#/webhooks/0/secret',
    ]);
    expect(error.message).not.toContain('hush');
  });

  it('that is no JSON is said to be none, without showing it', () => {
    expect(() => readSecret('hush')).toThrow(/^The secret: # is not JSON$/);
  });

  it('may hold members that a later version reads', () => {
    expect(readSecret(JSON.stringify({ ...whole, later: 1 })).accountSid).toBe(whole.accountSid);
  });
});
