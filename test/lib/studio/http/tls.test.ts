import { createServer, getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTransport, type Transport } from '../../../../lib/studio/http/transport.ts';
import { makeCertificate } from '../../../support/certificate.ts';
import { onLoopback } from '../../../support/loopback.ts';

const trusted = makeCertificate();
const before = getCACertificates();
beforeAll(() => setDefaultCACertificates([...before, trusted.cert]));
afterAll(() => setDefaultCACertificates(before));

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

/** A server with this certificate; tells of each connection whether it took up an earlier session. */
async function startSecure({ key, cert } = trusted) {
  const resumed: boolean[] = [];
  const names: unknown[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    sockets.add(socket);
    resumed.push(socket.isSessionReused());
    names.push(socket.servername, socket.alpnProtocol);
    socket.on('error', () => undefined).on('data', () => socket.write(answer));
  });
  const { url } = await onLoopback(server);
  const transport = createTransport(url.replace('http:', 'https:').replace('127.0.0.1', 'localhost'));
  const stop = async () => {
    await transport.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { transport, resumed, names, [Symbol.asyncDispose]: stop };
}

const send = (transport: Transport, fresh: boolean) =>
  transport.send({
    method: 'POST',
    path: '/',
    headers: {},
    body: 'a=b',
    fresh,
    maxBodyBytes: 1_000,
    signal: new AbortController().signal,
    mayLeave: () => true,
  });

test('over TLS the server is named, HTTP/1.1 is spoken, and later handshakes are short', async () => {
  await using secure = await startSecure();
  for (const fresh of [true, true, false])
    expect(await send(secure.transport, fresh)).toMatchObject({ ok: true, status: 200 });
  expect(secure.resumed).toEqual([false, true, true]);
  expect(new Set(secure.names)).toEqual(new Set(['localhost', 'http/1.1']));
});

test.each([true, false])('nothing is sent to a server that nobody vouches for (fresh: %s)', async (fresh) => {
  await using secure = await startSecure(makeCertificate());
  secure.transport.prepare();
  expect(await send(secure.transport, fresh)).toMatchObject({
    ok: false,
    failure: 'connection',
    sent: false,
  });
});
