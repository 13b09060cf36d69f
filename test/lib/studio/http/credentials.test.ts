import { describe, expect, onTestFinished, test } from 'vitest';
import { createStudio } from '../../../../lib/studio/client.ts';
import {
  ACCOUNT,
  created,
  cut,
  EXECUTION,
  FLOW,
  failureOf,
  type Reply,
  story,
  success,
} from '../../../support/studio/stories.ts';

const person = { to: '+15550000001', from: '+15550000002' };

describe('credentials', () => {
  const refused: Reply = { status: 401, body: { code: 20003 } };
  function source(passwords: string[]) {
    const calls: string[] = [];
    const next = (call: string) => async () => {
      calls.push(call);
      return { ...ACCOUNT, password: passwords.shift() ?? 'none' };
    };
    return { calls, credentials: { get: next('get'), refresh: next('refresh') } };
  }
  async function storyWith(passwords: string[], replies: Reply[]) {
    const { calls, credentials } = source(passwords);
    const server = await story(replies);
    const studio = createStudio({ credentials, baseUrl: server.url, sleep: async () => undefined });
    onTestFinished(() => studio.close());
    return { calls, studio, requests: server.requests };
  }

  test('[refused, created] are read again once, and even a create is repeated: it was not processed', async () => {
    const { studio, calls, requests } = await storyWith(['old', 'new'], [refused, created]);
    expect(await studio.executions.create(FLOW, person, { maxTries: 1 })).toMatchObject({
      outcome: 'created',
    });
    expect(calls).toEqual(['get', 'refresh']);
    const sent = requests.map(({ headers }) => atob(headers.authorization?.slice('Basic '.length) ?? ''));
    expect(sent).toEqual([`${ACCOUNT.username}:old`, `${ACCOUNT.username}:new`]);
  });

  test('[refused] that are the same when they are read again are refused', async () => {
    const { studio, requests } = await storyWith(['old', 'old'], [refused, created]);
    const error = await failureOf(studio.executions.create(FLOW, person));
    expect(error).toMatchObject({ kind: 'refused-credentials', status: 401, code: 20003 });
    expect(requests).toHaveLength(1);
  });

  test('[refused, refused] are read again only once', async () => {
    const { studio, calls } = await storyWith(['old', 'new', 'newer'], [refused, refused, created]);
    expect(await failureOf(studio.executions.fetch(FLOW, EXECUTION))).toMatchObject({
      kind: 'refused-credentials',
    });
    expect(calls).toEqual(['get', 'refresh']);
  });

  test('[forbidden] are not read again', async () => {
    const { studio, calls } = await storyWith(['old', 'new'], [{ status: 403, body: {} }, success]);
    expect(await failureOf(studio.executions.fetch(FLOW, EXECUTION))).toMatchObject({ status: 403 });
    expect(calls).toEqual(['get']);
  });

  test('that do not come in time end the call, and nothing was sent', async () => {
    const credentials = { get: () => new Promise<never>(() => undefined), refresh: () => Promise.reject() };
    const server = await story([success]);
    const studio = createStudio({ credentials, baseUrl: server.url });
    const error = await failureOf(studio.executions.create(FLOW, person, { timeoutMs: 30 }));
    expect(error).toMatchObject({ kind: 'timeout', sent: false });
    await studio.close();
  });

  test('whose source fails fail the call with the source’s own error', async () => {
    const broken = new Error('no secret');
    const credentials = { get: () => Promise.reject(broken), refresh: () => Promise.reject(broken) };
    const server = await story([success]);
    const studio = createStudio({ credentials, baseUrl: server.url });
    await expect(studio.executions.fetch(FLOW, EXECUTION)).rejects.toBe(broken);
    await studio.close();
  });

  test('and addresses stand in no error', async () => {
    const { studio } = await story([cut, cut, cut, cut, cut, { status: 400, body: { message: 'no' } }]);
    for (const error of [
      await failureOf(studio.executions.fetch(FLOW, EXECUTION)),
      await failureOf(studio.executions.create(FLOW, person)),
    ]) {
      const told = `${error.stack} ${JSON.stringify(error)} ${error.cause} ${JSON.stringify(error.cause)}`;
      expect(told).not.toMatch(/Basic|local\b|15550000001/);
    }
  });
});
