import { describe, expect, test } from 'vitest';
import { admin, NOW, WEBHOOK_SECRET } from '../../../support/http/api.ts';
import { catching } from '../../../support/http/catching.ts';
import { webhookHeaders } from '../../../support/http/signed.ts';

const target = 'POST /flows/welcome/executions';
const json = { to: '+15005550006' };

async function keyUnder(headers: Record<string, string>) {
  const { call, seen } = catching();
  const { status, body } = await call(target, { headers: { ...admin, ...headers }, json });
  return status === 200 ? seen[0]?.key : [status, body.type];
}

const MALFORMED = [400, '/problems/malformed-request'];

describe('a key header that came several times, joined by API Gateway with commas', () => {
  test.each([
    ['k,k', 'k'],
    ['k, k', 'k'],
    ['k ,k,  k', 'k'],
    ['"k", "k"', 'k'],
    ['"k",k', 'k'],
    ['"a,b"', 'a,b'],
    ['" k"', ' k'],
    ['" k"," k"', ' k'],
    ['"a,b","a,b"', 'a,b'],
    ['"a\\",b", "a\\",b"', 'a",b'],
  ])('Idempotency-Key: %s is one key', async (header, key) => {
    expect(await keyUnder({ 'idempotency-key': header })).toBe(key);
  });

  test.each([
    'k,l',
    'k,',
    ',k',
    ',',
    'k,,k',
    'a\\,b',
    '"a,b",a',
    '"a","b"',
    '"a,b',
    'a"b,c"',
    'k,K',
    '" k",k',
  ])('Idempotency-Key: %s is none', async (header) => {
    expect(await keyUnder({ 'idempotency-key': header })).toEqual(MALFORMED);
  });

  test.each(['webhook-id', 'i-twilio-idempotency-token'])('%s the same, without quotes', async (name) => {
    expect(await keyUnder({ [name]: 'k,k' })).toBe('k');
    expect(await keyUnder({ [name]: 'k, k' })).toBe('k');
    expect(await keyUnder({ [name]: '"k"' })).toBe('"k"');
    for (const different of ['k,l', 'k,', '"a,b"'])
      expect(await keyUnder({ [name]: different })).toEqual(MALFORMED);
  });

  test('webhook-id of a signed webhook the same: it was signed once', async () => {
    const { call, seen } = catching();
    const body = JSON.stringify(json);
    const send = async (signedId: string, sentId: string) => {
      const headers = webhookHeaders(WEBHOOK_SECRET, body, signedId, new Date(NOW));
      return (
        await call(target, {
          headers: { ...headers, 'content-type': 'application/json', 'webhook-id': sentId },
          body,
        })
      ).status;
    };
    expect([await send('k', 'k'), await send('k', 'k,k'), await send('k', 'k, k')]).toEqual([200, 200, 200]);
    expect(seen.map(({ key }) => key)).toEqual(['k', 'k', 'k']);
    expect(await send('k', 'k,l')).toBe(401);
    expect(await send('k,l', 'k,l')).toBe(400);
  });
});
