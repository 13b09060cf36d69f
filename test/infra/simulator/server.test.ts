import { request } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Exchange } from '../../../infra/simulator/options.ts';
import { startSimulatedStudio } from '../../../infra/simulator/server.ts';
import { judgeExchange, judgeWatchedAnswer } from '../../judges/openapi.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { FLOW, patiently, start } from '../../support/simulator.ts';

const executions = `/v2/Flows/${FLOW}/Executions`;

test('a port in use is an error, not a hang', async () => {
  const { studio } = await start();
  const port = Number(new URL(studio.url).port);
  await expect(startSimulatedStudio({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('a watcher sees each request with its answer, until it stops', async () => {
  const seen: Exchange[] = [];
  const { call, studio } = await start();
  const stop = studio.watch((exchange) => seen.push(exchange));

  await call(`${executions}?PageSize=1`);
  stop();
  await call(executions);

  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({
    operation: 'ListExecution',
    version: 'v2',
    method: 'GET',
    url: `${studio.url}${executions}?PageSize=1`,
    status: 200,
    fault: null,
    responseBody: expect.stringContaining('"key":"executions"'),
  });
});

test('the judge of exchanges catches a wrong request and a wrong answer', async () => {
  const seen: Exchange[] = [];
  const { call, studio } = await start();
  studio.watch((exchange) => seen.push(exchange));
  await call(executions);
  const [right] = seen;
  if (!right?.responseBody) throw new Error('it was watched');

  expect(judgeExchange(right)).toEqual([]);
  expect(judgeExchange({ ...right, url: `${right.url}?Status=ended` }).join()).toContain('Status');
  const responseBody = right.responseBody.replace('"page_size":50', '"page_size":"50"');
  expect(judgeExchange({ ...right, responseBody }).join()).toContain('page_size must be integer');
  expect(judgeExchange({ ...right, responseBody, fault: 'html' })).toEqual([]);
});

test('without credentials at all the answer is 401 and says how to bring them', async () => {
  const { studio } = await start();
  const response = await fetch(studio.url + executions);
  expect([response.status, response.headers.get('WWW-Authenticate')]).toEqual([
    401,
    'Basic realm="Twilio API"',
  ]);
  expect(await response.json()).toMatchObject({ code: 20003, status: 401 });
});

test('a body of more than a megabyte is refused, read to its end', async () => {
  const { call } = await start();
  const answer = await call(executions, { form: { To: 'x'.repeat(1024 * 1024) } });
  expect(answer.status).toBe(413);
});

test('a request line that is no URL is refused, not a crash', async () => {
  const { studio } = await start();
  const { port } = new URL(studio.url);
  const status = await new Promise<number>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '//' }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(400);
});

test('it closes while requests hang and connections idle', async () => {
  const studio = await startSimulatedStudio({ behaviour: { faults: [{ kind: 'hang' }] } });
  const authorization = `Basic ${Buffer.from(`SK${'a'.repeat(32)}:local`).toString('base64')}`;
  const hanging = fetch(studio.url + executions, { headers: { authorization } }).catch(() => 'gone');
  const idle = connect(Number(new URL(studio.url).port), '127.0.0.1');
  await patiently(() => studio.requests.length).toBe(1);

  await studio.close();

  expect(await hanging).toBe('gone');
  idle.destroy();
});

test('it speaks https with a certificate, and its URLs do too', async () => {
  const { key, cert } = makeCertificate();
  const { studio } = await start({ tls: { key, cert } });
  studio.store.seed({ flowSid: FLOW, count: 1 });
  const authorization = `Basic ${Buffer.from(`SK${'a'.repeat(32)}:local`).toString('base64')}`;
  const text = await new Promise<string>((resolve, reject) => {
    tlsRequest(
      studio.url + executions,
      { ca: cert, agent: false, headers: { authorization } },
      (response) => {
        let received = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          received += chunk;
        });
        response.on('end', () => resolve(received));
      },
    )
      .on('error', reject)
      .end();
  });
  expect(JSON.parse(text).executions[0].url).toMatch(/^https:\/\/127\.0\.0\.1:/);
});

test('a mistake in the simulator itself is answered with 501, which Studio never does', async () => {
  const { call, studio } = await start();
  studio.store.flows.get = () => {
    throw new Error('a bug');
  };
  const answer = await call(executions);
  expect([answer.status, answer.text]).toEqual([501, 'Error: a bug']);
});

test('no request of whatever kind makes the simulator itself fail', async () => {
  const { call, studio } = await start({}, judgeWatchedAnswer);
  const { firstSid } = studio.store.seed({ flowSid: FLOW, count: 60, activeShare: 0.5 });
  const segment = fc.oneof(
    fc.constantFrom('v1', 'v2', 'Flows', 'Executions', 'Steps', 'Context', 'Validate', FLOW, firstSid ?? ''),
    fc.string({ maxLength: 8 }).map(encodeURIComponent),
  );
  const paths = fc.oneof(
    fc.constantFrom(executions, `${executions}/${firstSid}`, `${executions}/${firstSid}/Steps`, '/v2/Flows'),
    fc.array(segment, { maxLength: 8 }).map((segments) => `/${segments.join('/')}`),
  );
  const names = fc.constantFrom(
    'status',
    'PageSize',
    'Page',
    'PageToken',
    'DateCreatedTo',
    'To',
    'From',
    'Status',
  );
  const values = fc.oneof(
    fc.string(),
    fc.constantFrom('PTo5t1', 'PTko1.1t1', '1', 'ended', '2026-11-20T12:00:00Z'),
  );
  const parameters = fc.dictionary(names, values, { maxKeys: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'DELETE', 'PUT'),
      paths,
      parameters,
      fc.option(parameters, { nil: undefined }),
      async (method, path, query, form) => {
        const body = form && method !== 'GET' ? { form } : {};
        const { status } = await call(`${path}?${new URLSearchParams(query)}`, { ...body, method });
        expect(status).toBeLessThan(500);
      },
    ),
    { numRuns: 300 },
  );
});
