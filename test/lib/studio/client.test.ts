import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createStudio, type StudioOptions } from '../../../lib/studio/client.ts';
import type { Transport } from '../../../lib/studio/http/transport.ts';
import {
  ACCOUNT,
  created,
  EXECUTION,
  execution,
  FLOW,
  failureOf,
  type Reply,
  story,
} from '../../support/studio/stories.ts';

describe('executions', () => {
  test('a create sends To, From and the parameters as a JSON string, and hands back the execution', async () => {
    const { studio, requests } = await story([created]);
    const outcome = await studio.executions.create(FLOW, {
      to: '+15550000001',
      from: '+15550000002',
      parameters: { name: 'Zoë & co' },
    });
    expect(outcome).toMatchObject({ outcome: 'created', execution: { sid: EXECUTION, flowSid: FLOW } });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'POST', url: `/v2/Flows/${FLOW}/Executions` });
    expect(requests[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(requests[0]?.headers.authorization).toBe(`Basic ${btoa(`${ACCOUNT.username}:local`)}`);
    expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toEqual({
      To: '+15550000001',
      From: '+15550000002',
      Parameters: '{"name":"Zoë & co"}',
    });
  });

  test('a conflict on create is a value that names the execution in the way', async () => {
    const { studio } = await story([
      { status: 409, body: { code: 20409, details: { conflicting_execution_sid: EXECUTION }, status: 409 } },
    ]);
    expect(await studio.executions.create(FLOW, { to: '+15550000001', from: '+15550000002' })).toEqual({
      outcome: 'conflict',
      conflictingExecutionSid: EXECUTION,
    });
  });

  test('a list walks every page', async () => {
    const { studio, requests } = await story(({ url }) =>
      url.includes('PageToken')
        ? {
            status: 200,
            body: { executions: [execution(`FN${'b'.repeat(32)}`)], meta: { next_page_url: null } },
          }
        : {
            status: 200,
            body: {
              executions: [execution(`FN${'a'.repeat(32)}`)],
              meta: { key: 'executions', next_page_url: `/v2/Flows/${FLOW}/Executions?PageToken=two` },
            },
          },
    );
    const sids: string[] = [];
    for await (const { sid } of studio.executions.list(FLOW, { status: 'active' })) sids.push(sid);
    expect(sids).toEqual([`FN${'a'.repeat(32)}`, `FN${'b'.repeat(32)}`]);
    expect(requests.map(({ url }) => url)).toEqual([
      `/v2/Flows/${FLOW}/Executions?status=active`,
      `/v2/Flows/${FLOW}/Executions?PageToken=two`,
    ]);
  });

  test('ending what has ended and deleting what is gone are outcomes', async () => {
    const { studio } = await story([
      { status: 409, body: { code: 20409, message: 'Execution has ended', status: 409 } },
      { status: 200, body: execution(EXECUTION, { status: 'ended' }) },
      { status: 404, body: { code: 20404, status: 404 } },
      { status: 404, body: { code: 20404, status: 404 } },
    ]);
    expect(await studio.executions.end(FLOW, EXECUTION)).toEqual({
      outcome: 'already-ended',
      afterLostResponse: false,
    });
    expect(await studio.executions.delete(FLOW, EXECUTION)).toEqual({
      outcome: 'already-gone',
      afterLostResponse: false,
    });
  });
});

describe('an end that is confirmed', () => {
  const told = (fields: object): Reply => ({ status: 200, body: execution(EXECUTION, { ...fields }) });
  const ending = (posted: Reply, fetched: Reply) =>
    story(({ method }) => (method === 'POST' ? posted : fetched));
  const active: [string, object] = ['an active status', { status: 'active' }];
  const unknown: [string, object][] = [
    ['an unknown status', { status: 'ending' }],
    ['no status', { status: undefined }],
    ['a status that is no text', { status: ['ended'] }],
  ];

  test.each([...unknown, active])('with %s has ended once a fetch shows so', async (_, fields) => {
    const { studio } = await ending(told(fields), told({ status: 'ended' }));
    expect(await studio.executions.end(FLOW, EXECUTION)).toMatchObject({
      outcome: 'ended',
      execution: { status: 'ended' },
    });
  });

  test.each([...unknown, active])('is tried again while the fetch shows %s', async (_, fields) => {
    const { studio, requests } = await ending(told({ status: 'ending' }), told(fields));
    expect(await failureOf(studio.executions.end(FLOW, EXECUTION))).toMatchObject({
      kind: 'conflict',
      afterLostResponse: true,
    });
    expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(5);
  });

  test.each(unknown)('with %s is not learnt where the fetch fails', async (_, fields) => {
    const { studio } = await ending(told(fields), { status: 503 });
    expect(await failureOf(studio.executions.end(FLOW, EXECUTION))).toMatchObject({
      kind: 'nonsense',
      sent: true,
    });
  });
});

describe('a delete that is answered with a body', () => {
  const gone = { status: 404, body: { code: 20404, status: 404 } };
  const answering = async (deleted: Reply, fetched: Reply) => {
    const { studio } = await story(({ method }) => (method === 'DELETE' ? deleted : fetched));
    return studio;
  };
  const answers: [string, Reply][] = [
    ['200 with an error code', { status: 200, body: { code: 20500 } }],
    ['202 with an object', { status: 202, body: {} }],
    ['200 with null', { status: 200, body: 'null' }],
    ['200 with the execution', { status: 200, body: execution() }],
  ];

  test.each(answers)('(%s) is believed only if the execution is gone', async (_, answer) => {
    const studio = await answering(answer, gone);
    expect(await studio.executions.delete(FLOW, EXECUTION)).toEqual({
      outcome: 'already-gone',
      afterLostResponse: true,
    });
  });

  test.each(answers)('(%s) is no success if Studio still shows the execution', async (_, answer) => {
    const studio = await answering(answer, { status: 200, body: execution() });
    expect(await failureOf(studio.executions.delete(FLOW, EXECUTION))).toMatchObject({ kind: 'nonsense' });
  });

  test.each(answers)('(%s) is no success for a flow either', async (_, answer) => {
    const studio = await answering(answer, gone);
    expect(await failureOf(studio.flows.delete(FLOW))).toMatchObject({ kind: 'nonsense' });
  });

  test.each([200, 202, 204])('is believed without one: %i', async (status) => {
    const { studio, requests } = await story([{ status }, { status }]);
    expect(await studio.executions.delete(FLOW, EXECUTION)).toEqual({ outcome: 'deleted' });
    expect(await studio.flows.delete(FLOW)).toEqual({ outcome: 'deleted' });
    expect(requests).toHaveLength(2);
  });
});

describe('a client', () => {
  /** Where its requests go, told by the URL of a next page. */
  async function originOf(options: Partial<StudioOptions>) {
    const page = { executions: [execution()], meta: { next_page_url: '?PageToken=2' } };
    const body = Buffer.from(JSON.stringify(page));
    const transport: Transport = {
      send: async () => ({ ok: true, status: 200, header: () => undefined, body }),
      prepare: () => undefined,
      close: async () => undefined,
    };
    for await (const { nextPageUrl } of createStudio({ ...ACCOUNT, ...options, transport })
      .executions.list(FLOW)
      .pages())
      return nextPageUrl?.replace(`/Flows/${FLOW}/Executions?PageToken=2`, '');
  }

  test.each([
    [{}, 'https://studio.twilio.com/v2'],
    [{ version: 'v1' }, 'https://studio.twilio.com/v1'],
    [{ edge: 'sydney', region: 'au1' }, 'https://studio.sydney.au1.twilio.com/v2'],
    [{ baseUrl: 'http://127.0.0.1:8080' }, 'http://127.0.0.1:8080/v2'],
    [{ baseUrl: 'https://example.com/a/b//' }, 'https://example.com/a/b/v2'],
    [{ baseUrl: 'https://example.com', edge: 'sydney', region: 'au1' }, 'https://example.com/v2'],
  ] as [Partial<StudioOptions>, string][])('with %j speaks to %s', async (options, origin) => {
    expect(await originOf(options)).toBe(origin);
  });

  test.each([
    { edge: 'sydney' },
    { region: 'au1' },
    { baseUrl: 'studio.twilio.com' },
    { baseUrl: 'ftp://studio.twilio.com' },
    { baseUrl: 'https://user:secret@studio.twilio.com' },
    { baseUrl: 'https://studio.twilio.com?x=1' },
    { baseUrl: 'https://studio.twilio.com#x' },
    { edge: 'evil.example/', region: 'au1' },
    { baseUrl: '' },
  ])('refuses %j, without repeating it', (options) => {
    expect(() => createStudio({ ...ACCOUNT, ...options })).toThrow(
      expect.objectContaining({ kind: 'invalid-argument', message: expect.not.stringContaining('secret') }),
    );
  });

  test('says who it is, with the package’s version, and takes no packed answer', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
    const { studio, requests } = await story([{ status: 200, body: execution() }]);
    await studio.executions.fetch(FLOW, EXECUTION);
    expect(requests[0]?.headers).toMatchObject({
      'user-agent': `studio-executions/${version}`,
      'accept-encoding': 'identity',
    });
  });

  test('that was closed ends its calls', async () => {
    const { studio } = await story([() => void studio.close()]);
    await expect(studio.executions.fetch(FLOW, EXECUTION)).rejects.toMatchObject({ kind: 'aborted' });
    await expect(studio.executions.fetch(FLOW, EXECUTION)).rejects.toMatchObject({
      kind: 'aborted',
      sent: false,
    });
  });
});
