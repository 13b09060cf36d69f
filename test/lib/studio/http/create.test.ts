import { describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  created,
  cut,
  EXECUTION,
  execution,
  FLOW,
  failureOf,
  type Reply,
  story,
  success,
  type Teller,
  throttled,
  unavailable,
} from '../../../support/studio/stories.ts';

const person = { to: '+15550000001', from: '+15550000002' };
const deleted: Reply = { status: 204 };
const silence: Reply = () => undefined;

describe('a create', () => {
  test('[throttled, created] is repeated: what is throttled was not processed', async () => {
    const { studio, requests } = await story([throttled, created]);
    expect(await studio.executions.create(FLOW, person)).toMatchObject({ outcome: 'created' });
    expect(requests).toHaveLength(2);
    expect(requests[1]?.body).toBe(requests[0]?.body);
  });

  test.each([
    ['unavailable', unavailable, 'unavailable'],
    ['a cut connection', cut, 'connection'],
    [
      'a 201 whose body breaks off',
      (response) => {
        response.writeHead(201, { 'content-length': '99' }).write('{', () => response.destroy());
      },
      'connection',
    ],
    ['a 201 in HTML', { status: 201, body: '<html>' }, 'nonsense'],
    ['a 201 without a SID', { status: 201, body: {} }, 'nonsense'],
    ['a redirect', { status: 302, body: execution() }, 'nonsense'],
  ] as [string, Reply, string][])('[%s] is unknown, and not repeated', async (_, reply, kind) => {
    const { studio, requests } = await story([reply, created]);
    const outcome = await studio.executions.create(FLOW, person);
    expect(outcome).toMatchObject({ outcome: 'unknown', cause: { kind } });
    expect(requests).toHaveLength(1);
  });

  test('[silence] is unknown when its time is over', async () => {
    const { studio, requests } = await story([silence, created]);
    const outcome = await studio.executions.create(FLOW, person, { timeoutMs: 800 });
    expect(outcome).toMatchObject({ outcome: 'unknown', cause: { kind: 'timeout', sent: true } });
    expect(requests).toHaveLength(1);
  });

  test('[silence] is unknown when its caller ends it, and aborted when that was before it left', async () => {
    const caller = new AbortController();
    const { studio } = await story([() => caller.abort()]);
    const outcome = await studio.executions.create(FLOW, person, { signal: caller.signal });
    expect(outcome).toMatchObject({ outcome: 'unknown', cause: { kind: 'aborted', sent: true } });
    const error = await failureOf(studio.executions.create(FLOW, person, { signal: caller.signal }));
    expect(error).toMatchObject({ kind: 'aborted', sent: false });
  });

  test('that reached nobody is repeated, and thrown in the end: surely nothing happened', async () => {
    const { studio, waits } = await story([], { baseUrl: 'http://127.0.0.1:1' });
    const error = await failureOf(studio.executions.create(FLOW, person));
    expect(error).toMatchObject({ kind: 'connection', sent: false });
    expect(waits).toHaveLength(4);
  });

  test.each([
    [{ code: 20409, details: { conflicting_execution_sid: EXECUTION } }, EXECUTION],
    [{ code: 20409, details: {} }, null],
    [{ code: 20409, message: `Execution ${EXECUTION} is already active for this contact.` }, EXECUTION],
    [{ code: 20409, details: { conflicting_execution_sid: '../FN1' } }, null],
    ['<html>', null],
  ])('[409 %j] is a conflict, with the execution in the way if it is named', async (body, sid) => {
    const { studio } = await story([{ status: 409, body }]);
    expect(await studio.executions.create(FLOW, person)).toEqual({
      outcome: 'conflict',
      conflictingExecutionSid: sid,
    });
  });

  test('[400] is thrown: it was rejected', async () => {
    const { studio } = await story([{ status: 400, body: { code: 21211, message: 'Invalid To' } }]);
    expect(await failureOf(studio.executions.create(FLOW, person))).toMatchObject({
      kind: 'rejected',
      code: 21211,
    });
  });

  test('says on a client of v1 that it may have been there before', async () => {
    const { studio, requests } = await story([success], { version: 'v1' });
    expect(await studio.executions.create(FLOW, person)).toMatchObject({ outcome: 'created-or-existing' });
    expect(requests[0]?.url).toBe(`/v1/Flows/${FLOW}/Executions`);
  });

  test('does not leave any more when its time is over by the clock, although no timer has told so', async () => {
    let nowMs = 0;
    const frozen = async () => {
      nowMs += 60_000;
      return ACCOUNT;
    };
    const { studio, requests } = await story([created], {
      credentials: { get: frozen, refresh: frozen },
      now: () => nowMs,
    });
    const error = await failureOf(studio.executions.create(FLOW, person, { timeoutMs: 10_000 }));
    expect(error).toMatchObject({ kind: 'timeout', sent: false });
    expect(requests).toHaveLength(0);
  });

  test('without To or From is not sent', async () => {
    const { studio, requests } = await story([created]);
    expect(await failureOf(studio.executions.create(FLOW, { to: '', from: '+1' }))).toMatchObject({
      kind: 'invalid-argument',
    });
    expect(await failureOf(studio.executions.create('FW1', person))).toMatchObject({
      kind: 'invalid-argument',
    });
    expect(requests).toHaveLength(0);
  });

  test('of a flow’s revision is not repeated blindly, either, and thrown', async () => {
    const { studio, requests } = await story([unavailable, success]);
    expect(await failureOf(studio.flows.update(FLOW, { status: 'draft' }))).toMatchObject({
      kind: 'unavailable',
    });
    expect(requests).toHaveLength(1);
  });
});

describe('ending and deleting', () => {
  const gone = { status: 404, body: { code: 20404 } };

  test('[cut, gone] is gone, after an unclear try', async () => {
    const { studio } = await story([cut, gone, gone, deleted]);
    expect(await studio.executions.delete(FLOW, EXECUTION)).toEqual({
      outcome: 'already-gone',
      afterLostResponse: true,
    });
    expect(await studio.executions.delete(FLOW, EXECUTION)).toEqual({ outcome: 'deleted' });
  });

  test.each([200, 202])('[%i with a page, gone] on delete was this one’s doing, perhaps', async (status) => {
    const { studio, requests } = await story([{ status, body: '<html>OK' }, gone, gone]);
    expect(await studio.executions.delete(FLOW, EXECUTION)).toEqual({
      outcome: 'already-gone',
      afterLostResponse: true,
    });
    expect(requests.map(({ method }) => method)).toEqual(['DELETE', 'DELETE', 'GET']);
  });

  test('[200 with a page, deleted] on delete is deleted: the page was a proxy’s, before the work', async () => {
    const { studio } = await story([{ status: 200, body: '<html>Welcome' }, deleted]);
    expect(await studio.executions.delete(FLOW, EXECUTION)).toEqual({ outcome: 'deleted' });
  });

  const refused = { status: 409, body: { code: 20409 } };
  const hasEnded = { status: 200, body: execution(EXECUTION, { status: 'ended' }) };

  /** A proxy that answers `yes` to every change, and lets through what is asked. */
  const yesTo = (yes: Reply, found: Reply): Teller => {
    return ({ method }) => (method === 'GET' ? found : yes);
  };

  test.each([
    ['gone', { status: 404, body: '' }, { outcome: 'already-gone', afterLostResponse: true }],
    ['still there', success, 'nonsense'],
    ['nowhere to be asked', { status: 403, body: '' }, 'nonsense'],
  ] as const)('only pages on delete, and it is %s: that decides', async (_, found, wanted) => {
    const { studio, requests } = await story(yesTo({ status: 200, body: 'OK' }, found));
    const deleted = studio.executions.delete(FLOW, EXECUTION);
    if (wanted === 'nonsense') expect(await failureOf(deleted)).toMatchObject({ kind: wanted, sent: true });
    else expect(await deleted).toEqual(wanted);
    expect(requests.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  test.each([
    ['ended', { outcome: 'already-ended', afterLostResponse: true }],
    ['active', 'nonsense'],
  ] as const)('only empty answers on end, and it is %s: that decides', async (status, wanted) => {
    const { studio } = await story(
      yesTo({ status: 204 }, { status: 200, body: execution(EXECUTION, { status }) }),
    );
    const ended = studio.executions.end(FLOW, EXECUTION);
    if (wanted === 'nonsense') expect(await failureOf(ended)).toMatchObject({ kind: wanted });
    else expect(await ended).toEqual(wanted);
  });

  test.each([
    ['gone', { status: 404, body: '' }, { outcome: 'already-gone', afterLostResponse: false }],
    ['still there', success, 'still-there'],
    ['nowhere to be asked', { status: 400, body: '' }, { outcome: 'already-gone', afterLostResponse: false }],
  ] as const)('404 on delete, and the look shows it %s: that decides', async (_, found, wanted) => {
    const { studio, requests } = await story(yesTo({ status: 404, body: { code: 20404 } }, found));
    const deleted = studio.executions.delete(FLOW, EXECUTION);
    if (wanted === 'still-there')
      expect(await failureOf(deleted)).toMatchObject({ kind: wanted, status: 404, code: 20404 });
    else expect(await deleted).toEqual(wanted);
    expect(requests).toHaveLength(2);
  });

  test.each([
    ['gone', { status: 404, body: '' }, 'not-found'],
    ['active', success, 'still-there'],
    ['ended', hasEnded, 'already-ended'],
    ['nowhere to be asked', { status: 400, body: '' }, 'not-found'],
  ] as const)('404 on end, and the look shows it %s: that decides', async (_, found, wanted) => {
    const { studio } = await story(yesTo({ status: 404, body: { code: 20404 } }, found));
    const ended = studio.executions.end(FLOW, EXECUTION);
    if (wanted === 'already-ended') expect(await ended).toMatchObject({ outcome: wanted });
    else expect(await failureOf(ended)).toMatchObject({ kind: wanted });
  });

  test('[throttled, gone] is gone, and nothing was unclear', async () => {
    const { studio } = await story([throttled, gone, gone]);
    expect(await studio.executions.delete(FLOW, EXECUTION)).toEqual({
      outcome: 'already-gone',
      afterLostResponse: false,
    });
  });

  test('[unavailable, conflict] on end has ended, after an unclear try', async () => {
    const { studio, requests } = await story([unavailable, refused, hasEnded]);
    expect(await studio.executions.end(FLOW, EXECUTION)).toEqual({
      outcome: 'already-ended',
      afterLostResponse: true,
    });
    expect(requests.map(({ body }) => body)).toEqual(['Status=ended', 'Status=ended', '']);
  });

  test('[conflict, active] × 5 on end is a conflict, after waits that double', async () => {
    const { studio, requests, waits } = await story(yesTo(refused, success));
    expect(await failureOf(studio.executions.end(FLOW, EXECUTION))).toMatchObject({
      kind: 'conflict',
      code: 20409,
    });
    expect(requests.map(({ method }) => method)).toEqual(Array(5).fill(['POST', 'GET']).flat());
    expect(waits).toEqual([50, 100, 200, 400]);
  });

  test.each([
    ['conflict', refused, 'already-ended'],
    ['active', success, 'ended'],
  ] as const)(
    '[%s, active, done] on end has ended once the other update is through',
    async (_, first, outcome) => {
      let posts = 0;
      const { studio } = await story(({ method }) => {
        if (method === 'POST') return ++posts === 1 ? first : outcome === 'ended' ? hasEnded : refused;
        return posts === 1 ? success : hasEnded;
      });
      expect(await studio.executions.end(FLOW, EXECUTION)).toMatchObject({ outcome });
    },
  );

  test('a call’s time bounds how often a refused end is tried', async () => {
    const { studio, requests } = await story(yesTo(refused, success));
    await failureOf(studio.executions.end(FLOW, EXECUTION, { timeoutMs: 200 }));
    expect(requests).toHaveLength(2 * 3);
  });

  test('[conflict, no look] × 5 on end is a conflict: it may have ended, and was not seen to', async () => {
    const { studio } = await story(yesTo(refused, { status: 400, body: { code: 20001 } }));
    expect(await failureOf(studio.executions.end(FLOW, EXECUTION))).toMatchObject({ kind: 'conflict' });
  });

  test('[conflict, gone] on end is thrown as gone', async () => {
    const { studio } = await story([refused, { status: 404, body: { code: 20404 } }]);
    expect(await failureOf(studio.executions.end(FLOW, EXECUTION))).toMatchObject({ kind: 'not-found' });
  });

  test.each([
    ['active', success, 'conflict'],
    ['nowhere', { status: 400, body: {} }, 'conflict'],
    ['ended', hasEnded, 'ended'],
  ] as const)(
    'only 200 and active on end, and the look shows it %s: that decides',
    async (_, found, wanted) => {
      const { studio } = await story(yesTo(success, found));
      const ended = studio.executions.end(FLOW, EXECUTION);
      if (wanted === 'ended')
        expect(await ended).toMatchObject({ outcome: 'ended', execution: { status: 'ended' } });
      else expect(await failureOf(ended)).toMatchObject({ kind: wanted, afterLostResponse: true });
    },
  );

  test('[conflict] on delete is thrown: it is still active', async () => {
    const { studio } = await story([{ status: 409, body: { code: 20409 } }]);
    expect(await failureOf(studio.executions.delete(FLOW, EXECUTION))).toMatchObject({ kind: 'conflict' });
  });

  test('[not there] on end is thrown', async () => {
    const { studio } = await story([gone, gone]);
    expect(await failureOf(studio.executions.end(FLOW, EXECUTION))).toMatchObject({ kind: 'not-found' });
  });
});
