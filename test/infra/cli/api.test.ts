import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiProblem, ApiUnreachable, createApi } from '../../../infra/cli/api.ts';
import { type Fate, type Line, startProxy } from '../../support/cli/proxy.ts';

/** The caller of the API, and what it does when the answer is not the one that it wants. */

let line: Line;
let fates: Fate[];
let sleptMs: number[];
const ok: Fate = { status: 200, body: '{"fine":true}' };
const api = () =>
  createApi({ url: line.url, token: 'the-token' }, { sleep: async (ms) => void sleptMs.push(ms) });

beforeAll(async () => {
  line = await startProxy('http://127.0.0.1:1');
  line.fate = () => fates.shift() ?? ok;
});
afterAll(() => line.close());
beforeEach(() => {
  fates = [];
  sleptMs = [];
  line.seen.length = 0;
});

const throttled = (retryAfter: string): Fate => ({
  status: 429,
  body: '{"type":"/problems/throttled"}',
  headers: { 'retry-after': retryAfter },
});
const html = (status: number): Fate => ({ status, body: '<html>' });

describe('a call', () => {
  it('carries the token, JSON and the key', async () => {
    const { body } = await api().call('POST', '/x', { body: { a: 1 }, idempotencyKey: 'k' });
    expect(body).toEqual({ fine: true });
    expect(line.seen[0]).toMatchObject({
      method: 'POST',
      path: '/x',
      headers: {
        authorization: 'Bearer the-token',
        'content-type': 'application/json',
        'idempotency-key': 'k',
      },
    });
  });

  it('without a token carries none', async () => {
    await api().call('GET', '/health', { token: null });
    expect(line.seen[0]?.headers).not.toHaveProperty('authorization');
  });

  it('follows no redirection, which could carry the token away', async () => {
    fates = [{ status: 302, body: '', headers: { location: `${line.url}/elsewhere` } }];
    await expect(api().call('GET', '/x')).rejects.toMatchObject({ name: 'ApiProblem', status: 302 });
    expect(line.seen).toHaveLength(1);
  });

  it('throws a problem with every mistake, and knows an answer that is none', async () => {
    const errors = [{ detail: 'is missing', pointer: '#/to' }];
    fates = [
      {
        status: 422,
        body: JSON.stringify({ type: '/problems/invalid-request', title: 'T', detail: 'D', errors }),
      },
      html(502),
      html(200),
    ];
    await expect(api().call('GET', '/x')).rejects.toMatchObject({
      slug: 'invalid-request',
      message: 'D',
      errors,
    });
    await expect(api().call('GET', '/x')).rejects.toMatchObject({ slug: '', status: 502 });
    await expect(api().call('GET', '/x')).rejects.toBeInstanceOf(ApiProblem);
  });

  it('says what kept it from an answer', async () => {
    fates = ['cut-before'];
    await expect(api().call('GET', '/x')).rejects.toBeInstanceOf(ApiUnreachable);
    const nobody = createApi({ url: 'http://127.0.0.1:1', token: 't' }, { sleep: async () => {} });
    await expect(nobody.call('GET', '/x')).rejects.toThrow('http://127.0.0.1:1 cannot be reached');
  });
});

describe('no answer', () => {
  const from = (code: string, url: string) =>
    new ApiUnreachable(
      url,
      new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }),
    );

  it.each([
    ['ECONNREFUSED', 'http://127.0.0.1:3000', 'Does npm start run there?'],
    ['ENOTFOUND', 'https://example.com', 'There is no host of that name: is this the address of the API?'],
    ['ECONNREFUSED', 'https://example.com', null],
    ['EAI_AGAIN', 'https://example.com', null],
    ['ECONNRESET', 'http://127.0.0.1:3000', null],
  ])('for %s at %s is a mistake only when it does not pass', (code, url, mistake) => {
    expect(from(code, url).mistake).toBe(mistake);
    expect(from(code, url).message).toBe(`${url} cannot be reached: ${code}`);
  });
});

describe('insisting', () => {
  it('waits as long as it is told, and ever longer where it is not', async () => {
    fates = [throttled('2'), html(503), 'cut-before', html(500)];
    expect((await api().insist('GET', '/x')).body).toEqual({ fine: true });
    expect(sleptMs).toEqual([2_000, 1_000, 2_000, 4_000]);
  });

  it('never waits longer than it must, whatever it is told', async () => {
    fates = [throttled('86400')];
    await api().insist('GET', '/x');
    expect(sleptMs).toEqual([15_000]);
  });

  it('gives up after five tries', async () => {
    fates = Array.from({ length: 9 }, () => html(503));
    await expect(api().insist('GET', '/x')).rejects.toMatchObject({ status: 503 });
    expect(line.seen).toHaveLength(5);
  });

  it('sends the same key each time', async () => {
    fates = ['cut-before', { status: 409, body: '{"type":"/problems/request-in-progress"}' }];
    await api().insist('POST', '/x', { idempotencyKey: 'k' });
    expect(line.seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['k', 'k', 'k']);
  });

  it.each([400, 401, 403, 404, 409, 422])('ends at once at %i', async (status) => {
    fates = [{ status, body: '{"type":"/problems/whatever"}' }];
    await expect(api().insist('GET', '/x')).rejects.toMatchObject({ status });
    expect(line.seen).toHaveLength(1);
  });
});
