import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { TransportRequest } from '../../../../lib/studio/http/exchange.ts';
import { createTransport, type Transport } from '../../../../lib/studio/http/transport.ts';
import { onLoopback } from '../../../support/loopback.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(open.splice(0).map((close) => close()));
});

type Heard = { text: string; connection: number };

/** A server below HTTP, so that a test decides about every byte and the end of each connection. */
async function startServer(answer: (socket: Socket, heard: Heard, index: number) => void) {
  const heard: Heard[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const connection = sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const one = { text: data.toString(), connection };
      answer(socket, one, heard.push(one) - 1);
    });
  });
  const { url } = await onLoopback(server);
  const transport = createTransport(url);
  open.push(async () => {
    await transport.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { transport, heard, sockets };
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntwilio-request-id: RQ1\r\n\r\n{}';

function get(transport: Transport, request: Partial<TransportRequest> = {}) {
  const { signal } = new AbortController();
  return transport.send({
    method: 'GET',
    path: '/',
    headers: {},
    fresh: false,
    maxBodyBytes: 1_000,
    signal,
    mayLeave: () => true,
    ...request,
  });
}

/** The prepared connection has come to stand. */
const connected = (sockets: readonly Socket[], count = 1) =>
  expect.poll(() => sockets.length, { interval: 1 }).toBe(count);

const create = (transport: Transport, request: Partial<TransportRequest> = {}) =>
  get(transport, { method: 'POST', body: 'a=b', fresh: true, ...request });

describe.each([
  ['that may be repeated', get],
  ['that may not', create],
])('an exchange %s', (_, exchange) => {
  test('tells status, headers and body', async () => {
    const { transport, heard } = await startServer((socket) => socket.write(ok));
    const result = await exchange(transport, { path: '/a?b=c', headers: { 'x-one': '1' } });
    if (!result.ok) throw new Error(result.failure);
    expect(result.status).toBe(200);
    expect(result.header('twilio-request-id')).toBe('RQ1');
    expect(result.header('retry-after')).toBeUndefined();
    expect(result.body.toString()).toBe('{}');
    expect(heard[0]?.text).toMatch(/^(GET|POST) \/a\?b=c HTTP\/1\.1\r\n/);
    expect(heard[0]?.text).toMatch(/\r\nhost: 127\.0\.0\.1:\d+\r\n/i);
    expect(heard[0]?.text).toContain('\r\nx-one: 1\r\n');
  });

  test('tells the first of a header that comes twice', async () => {
    const twice = ok.replace('RQ1', 'RQ1\r\nTwilio-Request-Id: RQ2');
    const { transport } = await startServer((socket) => socket.write(twice));
    expect((await exchange(transport)).header('twilio-request-id')).toBe('RQ1');
  });

  test('waits for the answer behind what is told before it', async () => {
    const { transport } = await startServer((socket) =>
      socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n${ok}`),
    );
    expect(await exchange(transport)).toMatchObject({ ok: true, status: 200 });
  });

  test('is through with a body that ends with its connection', async () => {
    const { transport } = await startServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n{"a":1}'));
    expect(await exchange(transport)).toMatchObject({ ok: true, body: Buffer.from('{"a":1}') });
  });

  test('does not keep a connection on which half an answer was left', async () => {
    const { transport, heard } = await startServer((socket, _, index) =>
      socket.write(index === 0 ? ok.replace('2\r', '999\r') : ok),
    );
    expect(await exchange(transport, { timeoutMs: 300 })).toMatchObject({
      ok: false,
      failure: 'timeout',
      status: 200,
    });
    expect(await exchange(transport)).toMatchObject({ ok: true });
    expect(heard.map(({ connection }) => connection)).toEqual([1, 2]);
  });

  test('takes a body up to its bound, and no byte more', async () => {
    const { transport } = await startServer((socket) => socket.write(ok));
    expect(await exchange(transport, { maxBodyBytes: 2 })).toMatchObject({ ok: true });
    expect(await exchange(transport, { maxBodyBytes: 1 })).toMatchObject({
      ok: false,
      failure: 'oversized',
      status: 200,
    });
  });

  test('tells whether anything left', async () => {
    const { transport } = await startServer((socket) => socket.destroy());
    expect(await exchange(transport)).toMatchObject({ ok: false, failure: 'connection', sent: true });
    const nobody = createTransport('http://127.0.0.1:1');
    expect(await exchange(nobody)).toMatchObject({ ok: false, failure: 'connection', sent: false });
    await nobody.close();
  });

  test.each([
    ['is cut off', ok.replace('2\r', '999\r'), 200],
    [
      'is that of another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      undefined,
    ],
  ])('breaks when the answer %s', async (_, answer, status) => {
    const { transport } = await startServer((socket) => socket.end(answer));
    const result = await exchange(transport);
    expect(result).toMatchObject({ ok: false, failure: 'connection', sent: true });
    if (status !== undefined) expect(result.status).toBe(status);
  });

  test.each([
    ['is not HTTP', 'Hello +15550000001\r\n\r\n'],
    ['has headers without end', `HTTP/1.1 200 OK\r\nx: +15550000001${'x'.repeat(20_000)}\r\n\r\n`],
  ])('does not quote an answer that %s', async (_, answer) => {
    const { transport } = await startServer((socket) => socket.write(answer));
    expect(await exchange(transport)).toMatchObject({
      ok: false,
      failure: 'garbled',
      sent: true,
      cause: undefined,
    });
  });

  test('that is given up before its connection stands never leaves', async () => {
    const { transport, heard } = await startServer((socket) => socket.write(ok));
    const caller = new AbortController();
    const result = exchange(transport, { signal: caller.signal });
    caller.abort('enough');
    expect(await result).toMatchObject({ ok: false, failure: 'aborted', sent: false, cause: 'enough' });
    await exchange(transport);
    expect(heard).toHaveLength(1);
  });

  test('that is given up later closes its connection', async () => {
    const caller = new AbortController();
    const closed = Promise.withResolvers<void>();
    const { transport } = await startServer((socket) => {
      socket.on('close', () => closed.resolve());
      caller.abort('enough');
    });
    const result = await exchange(transport, { signal: caller.signal });
    expect(result).toMatchObject({ ok: false, failure: 'aborted', sent: true, cause: 'enough' });
    await closed.promise;
  });

  test('that is late when its connection stands never leaves', async () => {
    const { transport, heard } = await startServer((socket) => socket.write(ok));
    const late = await exchange(transport, { mayLeave: () => false });
    expect(late).toMatchObject({ ok: false, failure: 'timeout', sent: false });
    await exchange(transport);
    expect(heard).toHaveLength(1);
  });

  test('is over when the transport is closed', async () => {
    const { transport } = await startServer(() => void transport.close());
    expect(await exchange(transport)).toMatchObject({ ok: false, failure: 'aborted', sent: true });
    expect(await exchange(transport)).toMatchObject({ ok: false, failure: 'aborted', sent: false });
  });

  test('that cannot be written at all is a bug, and thrown', async () => {
    const { transport } = await startServer((socket) => socket.write(ok));
    await expect(exchange(transport, { headers: { 'x-broken': 'a\nb' } })).rejects.toThrow(/header/);
  });
});

describe('connections that are kept', () => {
  test('serve the next request, too', async () => {
    const { transport, heard } = await startServer((socket) => socket.write(ok));
    for (let index = 0; index < 20; index += 1) await get(transport);
    // The second begins before the pool knows that the first one's connection is free again.
    expect(new Set(heard.map(({ connection }) => connection)).size).toBeLessThanOrEqual(2);
  });
});

describe('a request that may be repeated, after a freeze', () => {
  test('does not lose its time on a connection that died meanwhile', { timeout: 5_000 }, async () => {
    const used = new Set<number>();
    const { transport, heard } = await startServer((socket, { connection }) => {
      if (!used.has(connection)) socket.write(ok);
      used.add(connection);
    });
    await get(transport);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    expect(await get(transport, { timeoutMs: 10_000 })).toMatchObject({ ok: true });
    expect(heard.map(({ connection }) => connection)).toEqual([1, 2]);
  });
});

describe('a create', () => {
  test('has a connection of its own, on which nothing was sent before and nothing is sent after', async () => {
    const { transport, heard } = await startServer((socket) => socket.write(ok));
    const sends = [get(transport), create(transport), create(transport), get(transport)];
    await Promise.all(sends);
    for (let index = 0; index < 5; index += 1) await create(transport);
    await get(transport);
    const creates = heard.filter(({ text }) => text.startsWith('POST')).map(({ connection }) => connection);
    const others = heard.filter(({ text }) => text.startsWith('GET')).map(({ connection }) => connection);
    expect(new Set(creates).size).toBe(7);
    expect(others.filter((connection) => creates.includes(connection))).toEqual([]);
  });

  test('is not lost where every connection that was used is silently dead, as after a freeze', async () => {
    const used = new Set<number>();
    const { transport } = await startServer((socket, { connection }) => {
      if (!used.has(connection)) socket.write(ok);
      used.add(connection);
    });
    await get(transport);
    for (let index = 0; index < 3; index += 1) expect(await create(transport)).toMatchObject({ ok: true });
  });

  test('is not lost where each answer is followed by the end of its connection', async () => {
    const { transport } = await startServer((socket) => socket.end(ok));
    for (let index = 0; index < 50; index += 1) {
      expect(await create(transport)).toMatchObject({ ok: true });
      await new Promise((resolve) => setTimeout(resolve, index % 3));
    }
  });
});

describe('a connection that was prepared', () => {
  test('is taken by the next create, and only by that one', async () => {
    const { transport, heard, sockets } = await startServer((socket) => socket.write(ok));
    transport.prepare();
    transport.prepare();
    await connected(sockets);
    expect(heard).toHaveLength(0);
    await get(transport);
    await create(transport);
    await create(transport);
    expect(heard.map(({ connection }) => connection)).toEqual([2, 1, 3]);
  });

  test('is waited for while its handshake lasts', async () => {
    const { transport, heard } = await startServer((socket) => socket.write(ok));
    transport.prepare();
    expect(await create(transport)).toMatchObject({ ok: true });
    expect(heard.map(({ connection }) => connection)).toEqual([1]);
  });

  test('is not taken after a freeze, nor kept by the preparing after it', async () => {
    const { transport, heard, sockets } = await startServer((socket) => socket.write(ok));
    transport.prepare();
    await connected(sockets);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_500 });
    expect(await create(transport)).toMatchObject({ ok: true });
    transport.prepare();
    await connected(sockets, 3);
    vi.setSystemTime(Date.now() + 1_500);
    transport.prepare();
    await connected(sockets, 4);
    expect(await create(transport)).toMatchObject({ ok: true });
    expect(heard.map(({ connection }) => connection)).toEqual([2, 4]);
  });

  test('that nobody answered is no failure of the create: it tries for itself', async () => {
    const nobody = createTransport('http://127.0.0.1:1');
    nobody.prepare();
    expect(await create(nobody)).toMatchObject({ ok: false, failure: 'connection', sent: false });
    await nobody.close();
  });

  test('is closed with the transport', async () => {
    const { transport, sockets } = await startServer((socket) => socket.write(ok));
    transport.prepare();
    await connected(sockets);
    const closed = new Promise((resolve) => sockets[0]?.on('close', resolve).resume());
    await transport.close();
    await closed;
  });
});
