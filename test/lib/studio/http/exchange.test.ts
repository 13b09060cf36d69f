import { describe, expect, test } from 'vitest';
import { Exchange } from '../../../../lib/studio/http/exchange.ts';

function fail(code: string) {
  const exchange = new Exchange({
    method: 'GET',
    path: '/',
    headers: {},
    fresh: false,
    maxBodyBytes: 1,
    signal: new AbortController().signal,
    mayLeave: () => true,
  });
  exchange.onResponseError(undefined, Object.assign(new Error('It failed'), { code }));
  return exchange.result;
}

describe('an exchange', () => {
  test.each(['ECONNRESET', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])(
    'takes %s for a failure of the connection',
    async (code) => {
      expect(await fail(code)).toMatchObject({ ok: false, failure: 'connection' });
    },
  );

  test.each(['', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_CLOSED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'])(
    'throws %j, which the network cannot cause, so that no retry hides a bug',
    async (code) => {
      await expect(fail(code)).rejects.toThrow('It failed');
    },
  );
});
