import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../lib/config/configuration.ts';
import { readSecret } from '../../../lib/config/secret.ts';

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
      secondaryAuthToken: ' ',
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
      callers: 'hush-2',
      webhooks: {},
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
      '#/callers',
      '#/webhooks',
    ]);
    expect(error.message).not.toContain('hush');
  });

  it('leaves out an entry with a mistake, and goes on with the others', () => {
    const key = (bytes: number, letter = 'k') =>
      `whsec_${Buffer.from(letter.repeat(bytes)).toString('base64')}`;
    const scopes = ['trigger'];
    const told: string[][] = [];
    const secret = readSecret(
      JSON.stringify({
        ...whole,
        callers: [
          { name: 'short', token: 'hush-12', scopes },
          { name: 'least', token: 'hush-123', scopes },
          { name: 'again', token: 'hush-123', scopes: ['purge'] },
          { name: 'wrong', token: 'hush-hush-hush', scopes: ['hush'] },
          'hush',
          ...whole.callers,
        ],
        webhooks: [
          { name: 'empty', secret: 'whsec_A', scopes },
          { name: 'short', secret: key(23), scopes },
          { name: 'least', secret: key(24), scopes: ['trigger', 'read', 'purge'] },
          { name: 'none', secret: 'hush', scopes },
        ],
        signatureKeys: [
          { sid: 'webhooks_sharedkey_1', secret: 'hush' },
          { sid: 'webhooks_sharedkey_2', secret: 'hush-hush' },
          { secret: 'hush-hush' },
        ],
      }),
      (mistakes) => told.push(mistakes.map(({ pointer, detail }) => `${pointer} ${detail}`)),
    );
    expect(secret.callers.map(({ name }) => name)).toEqual(['least', 'crm']);
    expect(secret.webhooks.map(({ name }) => name)).toEqual(['least']);
    expect(secret.signatureKeys.map(({ sid }) => sid)).toEqual(['webhooks_sharedkey_2']);
    expect(told).toHaveLength(1);
    expect(told.flat().toSorted()).toEqual([
      '#/callers/0/token must have at least 8 characters',
      '#/callers/2/token is the token of an earlier entry',
      '#/callers/3/scopes/0 must be "trigger", "read", "read:personal", "end" or "purge"',
      '#/callers/4 must be an object',
      '#/signatureKeys/0/secret must have at least 8 characters',
      '#/signatureKeys/2/sid is missing',
      '#/webhooks/0/secret must hold a key of at least 24 bytes',
      '#/webhooks/1/secret must hold a key of at least 24 bytes',
      '#/webhooks/2/scopes/1 is ignored: a signed webhook may only trigger',
      '#/webhooks/2/scopes/2 is ignored: a signed webhook may only trigger',
      '#/webhooks/3/secret must be whsec_ and base64',
      '#/webhooks/3/secret must hold a key of at least 24 bytes',
    ]);
    expect(told.join()).not.toContain('hush');
  });

  it('has at most 50 webhooks, since each makes an unauthenticated request dearer', () => {
    const webhooks = Array.from({ length: 51 }, (_, at) => ({
      name: `w${at}`,
      secret: `whsec_${Buffer.from(String(at).padEnd(24)).toString('base64')}`,
      scopes: ['trigger'],
    }));
    const told: string[] = [];
    const secret = readSecret(JSON.stringify({ ...whole, webhooks }), (mistakes) =>
      told.push(...mistakes.map(({ pointer }) => pointer)),
    );
    expect([secret.webhooks.length, told]).toEqual([50, ['#/webhooks/50']]);
  });

  it('that is no JSON is said to be none, without showing it', () => {
    expect(() => readSecret('hush')).toThrow(/^The secret: # is not JSON$/);
  });

  it('may hold members that a later version reads', () => {
    expect(readSecret(JSON.stringify({ ...whole, later: 1 })).accountSid).toBe(whole.accountSid);
  });
});
