import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { TransportRequest } from '../../../../lib/studio/http/exchange.ts';
import type { Transport } from '../../../../lib/studio/http/transport.ts';
import { createLimiter, type Limiter } from '../../../../lib/studio/limiter/limiter.ts';
import { onLoopback } from '../../../support/loopback.ts';
import {
  created,
  cut,
  EXECUTION,
  execution,
  FLOW,
  failureOf,
  type Reply,
  story,
  success,
  throttled,
  unavailable,
} from '../../../support/studio/stories.ts';

const person = { to: '+15550000001', from: '+15550000002' };

/** A limiter that gives every turn after a wait, and remembers how it went. */
function turnsAfter(wait: () => Promise<void>): Limiter & { went: string[] } {
  const went: string[] = [];
  return {
    went,
    acquire: async () => {
      await wait();
      return (how) => void went.push(how);
    },
    run: (work) => work(),
    each: async (items, work) => void (await Promise.all(items.map(work))),
    limits: { inFlight: 1, perSecond: 1 },
  };
}

test.each([12025550111, '+12025550111', -1, 0, 1.5, 'x'])('%s is no code of Twilio’s', async (code) => {
  const { studio } = await story([{ status: 400, body: { code } }]);
  expect((await failureOf(studio.executions.fetch(FLOW, EXECUTION))).code).toBeUndefined();
});

describe('a call that may be repeated', () => {
  test.each([
    ['throttled', throttled],
    ['unavailable', unavailable],
    ['a cut connection', cut],
    ['a proxy’s 504 in HTML', { status: 504, body: '<html>' }],
    ['a proxy’s 408', { status: 408, body: '' }],
  ] as const)('[%s, success] succeeds', async (_, first) => {
    const { studio, requests, waits } = await story([first, success]);
    expect(await studio.executions.fetch(FLOW, EXECUTION)).toMatchObject({ sid: EXECUTION });
    expect(requests).toHaveLength(2);
    expect(waits).toEqual([50]);
  });

  test('[throttled × 5] throws the last answer after waits that double', async () => {
    const { studio, requests, waits } = await story([1, 2, 3, 4, 5, 6].map(() => throttled));
    const error = await failureOf(studio.executions.fetch(FLOW, EXECUTION));
    expect(error).toMatchObject({
      kind: 'throttled',
      status: 429,
      code: 20429,
      upstreamMessage: 'Too Many Requests',
    });
    expect(requests).toHaveLength(5);
    expect(waits).toEqual([50, 100, 200, 400]);
  });

  test('makes as many tries as it is told', async () => {
    const { studio, requests } = await story(() => throttled);
    await failureOf(studio.executions.fetch(FLOW, EXECUTION, { maxTries: 1 }));
    expect(requests).toHaveLength(1);
    await failureOf(studio.executions.fetch(FLOW, EXECUTION, { maxTries: 3 }));
    expect(requests).toHaveLength(4);
  });

  test('is not counted as tried while a limiter finds out how much is allowed', async () => {
    const { studio, requests, clock } = await story([
      ...Array<Reply>(7).fill(throttled),
      unavailable,
      success,
    ]);
    const sleep = async (ms: number) => {
      clock.nowMs += ms;
    };
    const limiter = createLimiter({ now: () => clock.nowMs, sleep });
    const found = await studio.executions.fetch(FLOW, EXECUTION, { limiter, maxTries: 2 });
    expect(found.sid).toBe(EXECUTION);
    expect(requests).toHaveLength(9);
  });

  test('has all its time when its turn comes, however long that took', async () => {
    const { studio, clock } = await story([throttled, success]);
    const limiter = turnsAfter(async () => {
      clock.nowMs += 60_000;
      await new Promise((resolve) => setTimeout(resolve, 30));
    });
    const found = await studio.executions.fetch(FLOW, EXECUTION, { limiter, timeoutMs: 1_000 });
    expect(found.sid).toBe(EXECUTION);
  });

  test('tells its limiter how each try went: what was let in is a success to it', async () => {
    const missing = { status: 404, body: { code: 20404 } };
    const { studio } = await story([throttled, unavailable, cut, missing, success]);
    const limiter = turnsAfter(async () => undefined);
    await failureOf(studio.executions.fetch(FLOW, EXECUTION, { limiter }));
    await studio.executions.fetch(FLOW, EXECUTION, { limiter });
    expect(limiter.went).toEqual(['throttled', 'other', 'other', 'success', 'success']);
  });

  test('waits as long as Retry-After says, in seconds or until a date', async () => {
    const { studio, waits } = await story([
      { ...throttled, headers: { 'retry-after': '3' } },
      { ...unavailable, headers: { 'retry-after': 'Sun, 01 Nov 2026 12:00:10 GMT' } },
      success,
    ]);
    await studio.executions.fetch(FLOW, EXECUTION);
    // Three of the ten seconds had gone by when the date was read.
    expect(waits).toEqual([3_000, 7_000]);
  });

  test('does not begin a wait that its time does not allow, but throws what it has, with what it was told', async () => {
    const { studio, requests, waits } = await story([
      { ...throttled, headers: { 'retry-after': '9' } },
      success,
    ]);
    const error = await failureOf(studio.executions.fetch(FLOW, EXECUTION, { timeoutMs: 5_000 }));
    expect(error).toMatchObject({ kind: 'throttled', retryAfterMs: 9_000 });
    expect(requests).toHaveLength(1);
    expect(waits).toEqual([]);
  });

  test.each([
    [400, 'rejected'],
    [401, 'refused-credentials'],
    [403, 'refused-credentials'],
    [404, 'not-found'],
    [409, 'conflict'],
    [413, 'rejected'],
    [301, 'nonsense'],
  ] as const)('is not repeated after %i, which is %s', async (status, kind) => {
    const headers = { location: 'http://127.0.0.1:9/elsewhere' };
    const { studio, requests } = await story([{ status, body: { code: 20_000 }, headers }, success]);
    expect(await failureOf(studio.executions.fetch(FLOW, EXECUTION))).toMatchObject({ kind, status });
    expect(requests).toHaveLength(1);
  });

  test('tells Twilio’s words and its request id', async () => {
    const { studio } = await story([
      {
        status: 400,
        headers: { 'twilio-request-id': 'RQ1' },
        body: {
          code: 20001,
          message: 'Bad',
          more_info: 'https://www.twilio.com/docs/errors/20001',
          details: { a: 1 },
        },
      },
    ]);
    expect(await failureOf(studio.executions.fetch(FLOW, EXECUTION))).toMatchObject({
      operation: 'executions.fetch',
      requestId: 'RQ1',
      code: 20001,
      upstreamMessage: 'Bad',
      moreInfo: 'https://www.twilio.com/docs/errors/20001',
      details: { a: 1 },
    });
  });

  test('reads errors in the words of RFC 9457, too', async () => {
    const problem = {
      type: 'https://www.twilio.com/docs/errors/20001',
      title: 'Bad',
      detail: 'Very bad',
      code: '20001',
    };
    const { studio } = await story([{ status: 400, body: problem }]);
    expect(await failureOf(studio.executions.fetch(FLOW, EXECUTION))).toMatchObject({
      code: 20001,
      upstreamMessage: 'Very bad',
      moreInfo: problem.type,
    });
  });

  test('is ended by its time although the answer has begun: the time covers the body', async () => {
    const { studio } = await story([(response) => response.writeHead(200).write('{"sid":')]);
    const error = await failureOf(studio.executions.fetch(FLOW, EXECUTION, { timeoutMs: 800 }));
    expect(error).toMatchObject({ kind: 'timeout', sent: true, status: 200 });
  });

  test('is ended by its caller, and the connection with it', { timeout: 5_000 }, async () => {
    let closed: () => void = () => undefined;
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const caller = new AbortController();
    const { studio } = await story([
      (response) => {
        response.on('close', closed);
        caller.abort(new Error('enough'));
      },
    ]);
    const error = await failureOf(studio.executions.fetch(FLOW, EXECUTION, { signal: caller.signal }));
    expect(error).toMatchObject({ kind: 'aborted', cause: expect.objectContaining({ message: 'enough' }) });
    await isClosed;
  });

  test('is ended by its caller while it waits for the next try', async () => {
    const caller = new AbortController();
    const { studio, requests } = await story([throttled, success], {
      sleep: () => {
        caller.abort();
        return new Promise(() => undefined);
      },
    });
    const error = await failureOf(studio.executions.fetch(FLOW, EXECUTION, { signal: caller.signal }));
    expect(error.kind).toBe('aborted');
    expect(requests).toHaveLength(1);
  });

  test('may be given all the time there is', async () => {
    const { studio } = await story([
      (response) => void setTimeout(() => response.end(JSON.stringify(execution())), 20),
    ]);
    const found = await studio.executions.fetch(FLOW, EXECUTION, { timeoutMs: Number.POSITIVE_INFINITY });
    expect(found.sid).toBe(EXECUTION);
  });

  test('does not begin when its caller has ended it before', async () => {
    const { studio, requests } = await story([success]);
    const error = await failureOf(studio.executions.fetch(FLOW, EXECUTION, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ kind: 'aborted', sent: false });
    expect(requests).toHaveLength(0);
  });

  test('is not repeated after an error that nobody foresaw', async () => {
    const bug = new TypeError('a bug');
    let sends = 0;
    const transport = {
      send: async () => {
        sends += 1;
        throw bug;
      },
      prepare: () => undefined,
      close: async () => undefined,
    };
    const { studio } = await story([], { transport });
    await expect(studio.executions.fetch(FLOW, EXECUTION)).rejects.toBe(bug);
    expect(sends).toBe(1);
  });

  test('that reaches nobody is a connection error of which nothing was sent', async () => {
    const { studio, waits } = await story([], { baseUrl: 'http://127.0.0.1:1' });
    const error = await failureOf(studio.executions.fetch(FLOW, EXECUTION));
    expect(error).toMatchObject({ kind: 'connection', sent: false });
    expect(waits).toHaveLength(4);
  });
});

describe('an answer that is none', () => {
  test.each([
    ['HTML', { status: 200, body: '<html>Welcome</html>' }],
    ['truncated JSON', { status: 200, body: '{"sid": "FN' }],
    ['nothing', { status: 200, body: '' }],
    ['a list', { status: 200, body: [execution()] }],
    ['an execution without a SID', { status: 200, body: { ...execution(), sid: null } }],
  ] as const)('%s, is nonsense at once', async (_, reply) => {
    const { studio, requests } = await story([reply, success]);
    expect(await failureOf(studio.executions.fetch(FLOW, EXECUTION))).toMatchObject({
      kind: 'nonsense',
      status: 200,
    });
    expect(requests).toHaveLength(1);
  });

  test('a body of 50 MB, is nonsense long before its end', async () => {
    let written = 0;
    const { studio } = await story([
      (response) => {
        const chunk = Buffer.alloc(64 * 1024, ' ');
        const pump = () => {
          while (written < 50 * 1024 * 1024) {
            written += chunk.length;
            if (!response.write(chunk)) return void response.once('drain', pump);
          }
          response.end();
        };
        pump();
      },
    ]);
    expect(await failureOf(studio.executions.fetch(FLOW, EXECUTION))).toMatchObject({ kind: 'nonsense' });
    expect(written).toBeLessThan(20 * 1024 * 1024);
  });

  test('something that is not HTTP, is nonsense', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.end('220 smtp ready\r\n')));
    const { url } = await onLoopback(server);
    const { studio } = await story([], { baseUrl: url });
    // The parser's own error would quote what came.
    const error = await failureOf(studio.executions.fetch(FLOW, EXECUTION));
    expect(error.kind).toBe('nonsense');
    expect(error.cause).toBeUndefined();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a request', () => {
  test('has its own bound in time, but for a create, and a create has its own connection', async () => {
    const sent: TransportRequest[] = [];
    const transport: Transport = {
      send: async (request) => {
        sent.push(request);
        return {
          ok: true,
          status: 201,
          header: () => undefined,
          body: Buffer.from(JSON.stringify(execution(EXECUTION, { status: 'ended' }))),
        };
      },
      prepare: () => undefined,
      close: async () => undefined,
    };
    const { studio } = await story([], { transport });
    await studio.executions.create(FLOW, person);
    await studio.executions.end(FLOW, EXECUTION, { timeoutMs: 9_000 });
    await studio.executions.fetch(FLOW, EXECUTION, { timeoutMs: 60_000 });
    await studio.executions.fetch(FLOW, EXECUTION, { timeoutMs: 1_000 });
    expect(sent.map(({ method, timeoutMs, fresh }) => ({ method, timeoutMs, fresh }))).toEqual([
      { method: 'POST', timeoutMs: undefined, fresh: true },
      // A third of the call's time, within bounds.
      { method: 'POST', timeoutMs: 3_000, fresh: false },
      { method: 'GET', timeoutMs: 10_000, fresh: false },
      { method: 'GET', timeoutMs: 2_000, fresh: false },
    ]);
  });

  test('that hangs is tried again, each time for twice as long', async () => {
    const timeouts: (number | undefined)[] = [];
    const transport: Transport = {
      send: async ({ timeoutMs }) => {
        timeouts.push(timeoutMs);
        return {
          ok: false,
          failure: 'timeout',
          sent: true,
          status: undefined,
          header: () => undefined,
          cause: undefined,
        };
      },
      prepare: () => undefined,
      close: async () => undefined,
    };
    const { studio } = await story([], { transport });
    const call = studio.executions.delete(FLOW, EXECUTION, { timeoutMs: 9_000, maxTries: 3 });
    expect(await failureOf(call)).toMatchObject({ kind: 'timeout' });
    expect(timeouts).toEqual([3_000, 6_000, 10_000]);
  });
});

describe('the hook', () => {
  test('hears of every attempt, and of nobody', async () => {
    const headers = { 'twilio-request-id': 'RQ2', 'twilio-concurrent-requests': '17' };
    const { studio, attempts } = await story([throttled, { ...created, headers }]);
    await studio.executions.create(FLOW, { ...person, parameters: { name: 'Zoë' } });
    const common = { operation: 'executions.create', method: 'POST', durationMs: 0 };
    expect(attempts).toEqual([
      {
        ...common,
        attempt: 1,
        status: 429,
        requestId: undefined,
        concurrentRequests: undefined,
        errorKind: 'throttled',
      },
      { ...common, attempt: 2, status: 201, requestId: 'RQ2', concurrentRequests: 17, errorKind: undefined },
    ]);
    expect(JSON.stringify(attempts)).not.toMatch(/1555|Zoë|FW|FN/);
  });

  test('hears of one without an answer', async () => {
    const { studio, attempts } = await story([cut, success]);
    await studio.executions.fetch(FLOW, EXECUTION);
    expect(attempts[0]).toMatchObject({ status: undefined, errorKind: 'connection' });
  });
});
