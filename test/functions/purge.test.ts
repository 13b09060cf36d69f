import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Local, startLocal } from '../../infra/local/local.ts';
import { checkConfig, SCOPES } from '../../lib/config/configuration.ts';
import { rowsOf, type TableRow } from '../support/local/rows.ts';

const WELCOME = `FW${'a'.repeat(32)}`;
const SURVEY = `FW${'b'.repeat(32)}`;
const DAY_MS = 86_400_000;
const TIMEOUT_MS = 20_000;
const CONTACT = '+15005550006';
/** As it would stand anywhere, with its plus sign, without, or with an encoded one. */
const DIGITS = CONTACT.slice(1);

let local: Local;
/** Of every function, from the beginning on. */
const logs: string[] = [];

beforeAll(async () => {
  local = await startLocal({
    config: checkConfig({
      flows: [
        { alias: 'welcome', sid: WELCOME },
        { alias: 'survey', sid: SURVEY },
      ],
      policies: [
        { name: 'ended', olderThan: 'P7D' },
        { name: 'stuck', flows: ['welcome'], status: 'active', olderThan: 'P3D', action: 'end' },
      ],
    }),
    secret: {
      callers: [
        { name: 'admin', token: 'admin-token', scopes: [...SCOPES] },
        { name: 'surveyor', token: 'surveyor', scopes: ['purge'], flows: ['survey'] },
        { name: 'surveyor2', token: 'surveyor2', scopes: ['purge'], flows: ['survey'] },
        { name: 'reader', token: 'reader-token', scopes: ['read'] },
      ],
    },
    onLog: ({ line }) => logs.push(line),
  });
});
afterAll(() => local.close());
beforeEach(() => local.studio?.reset());

function studio() {
  if (!local.studio) throw new Error('There is no simulated Studio');
  return local.studio;
}

function seed(count: number, daysOld: number, more: Record<string, unknown> = {}) {
  const toMs = Date.now() - daysOld * DAY_MS;
  studio().store.seed({
    flowSid: WELCOME,
    count,
    dateCreatedFrom: new Date(toMs - 3_600_000).toISOString(),
    dateCreatedTo: new Date(toMs).toISOString(),
    ...more,
  });
}

// biome-ignore lint/suspicious/noExplicitAny: what is expected of it is said by each test
type Answered = { status: number; headers: Headers; body: any };

async function call(
  method: string,
  path: string,
  { token = 'admin-token', body, key }: { token?: string; body?: unknown; key?: string } = {},
): Promise<Answered> {
  const response = await fetch(`${local.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(key ? { 'idempotency-key': key } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function ended(id: string): Promise<Answered['body']> {
  const untilMs = Date.now() + TIMEOUT_MS;
  for (;;) {
    const { body } = await call('GET', `/purges/${id}`);
    if (body.status !== 'running') return body;
    if (Date.now() > untilMs) throw new Error(`still running: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function purge(body: unknown): Promise<Answered['body']> {
  const started = await call('POST', '/purges', { body });
  expect(started.status).toBe(202);
  return ended(started.body.id);
}

describe('POST /purges', () => {
  test('answers 202 with the record and where it is, which the worker then brings to its end', async () => {
    seed(120, 8);
    seed(30, 2);
    const started = await call('POST', '/purges', {
      body: { flows: ['welcome'], olderThan: 'P7D', archive: true, dryRun: false },
    });
    expect(started.status).toBe(202);
    expect(started.headers.get('location')).toBe(`./purges/${started.body.id}`);
    expect(started.body).toMatchObject({ status: 'running', requestedBy: 'bearer:admin', dateEnded: null });

    const record = await ended(started.body.id);
    expect(record).toMatchObject({
      status: 'succeeded',
      request: { flows: ['welcome'], status: 'ended', olderThan: 'P7D', archive: true, dryRun: false },
      counts: { listed: 120, matched: 120, archived: 120, ended: 0, deleted: 120, alreadyGone: 0, failed: 0 },
      digest: { algorithm: 'sum-sha256', count: 120 },
      error: null,
    });
    expect(Object.keys(started.body)).toEqual(Object.keys(record));
    expect(Object.keys(started.body.request)).toEqual(Object.keys(record.request));
    expect(studio().store.count()).toEqual({ active: 0, ended: 30, deleted: 120 });

    const objects = local.s3?.store.list(local.resources.archiveBucket) ?? [];
    const own = objects.filter(({ key }) => key.includes(record.id));
    expect(own.map(({ key }) => key)).toEqual([
      expect.stringMatching(
        `^welcome/${record.dateStarted.slice(0, 10)}/${record.id}/00000001-[0-9a-f]{16}\\.ndjson\\.gz$`,
      ),
    ]);
    const lines = gunzipSync(own[0]?.bytes ?? '')
      .toString()
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(120);
    const { execution, context, steps } = JSON.parse(lines[0] ?? '');
    expect(context).toMatchObject({ executionSid: execution.sid, context: { flow: {} } });
    // As the list of steps has it, which is all that is asked for.
    expect(steps[0]).toMatchObject({ executionSid: execution.sid, context: {} });
  });

  test('changes nothing unless told to', async () => {
    seed(50, 8, { activeShare: 0.5 });
    const record = await purge({ flows: 'all', status: 'any', olderThan: 'P7D' });
    expect(record).toMatchObject({ request: { dryRun: true }, activeMatched: 25 });
    expect(record.counts).toMatchObject({ listed: 50, matched: 50, deleted: 0, ended: 0 });
    expect(studio().store.count()).toEqual({ active: 25, ended: 25, deleted: 0 });
  });

  test('erases a contact across all flows', async () => {
    seed(5, 1, { contact: CONTACT });
    seed(4, 20, { contact: CONTACT, flowSid: SURVEY });
    seed(60, 1, { contacts: 60 });
    const record = await purge({ flows: 'all', status: 'any', contact: CONTACT, dryRun: false });
    expect(record.counts).toMatchObject({ matched: 9, deleted: 9 });
    expect(record.request.contact).toMatch(/^hmac-sha256:[0-9a-f]{8}:[0-9a-f]{64}$/);
    expect(studio().store.count({ contact: CONTACT })).toEqual({ active: 0, ended: 0, deleted: 9 });
    expect(studio().store.count().ended).toBe(60);
  });

  test('erases several contacts in one record, each compared exactly', async () => {
    const whatsapp = `whatsapp:${CONTACT}`;
    seed(5, 1, { contact: CONTACT });
    seed(4, 20, { contact: whatsapp, flowSid: SURVEY });
    seed(3, 1, { contact: `rcs:${CONTACT}` });
    const contact = [CONTACT, whatsapp];
    const record = await purge({ flows: 'all', status: 'any', contact, dryRun: false });
    expect(record.counts).toMatchObject({ matched: 9, deleted: 9 });
    expect(record.contactMatching).toBe('exact');
    expect(record.request.contact).toHaveLength(2);
    expect(JSON.stringify(record) + logs.join()).not.toContain(DIGITS);
    expect(studio().store.count({ contact: `rcs:${CONTACT}` })).toEqual({ active: 0, ended: 3, deleted: 0 });
  });

  test('keeps the contact’s address nowhere but in the archive, also where some cannot be deleted', async () => {
    seed(40, 1, { contact: CONTACT });
    studio().behave({
      latencyMs: 20,
      stubborn: [{ share: 0.5, operations: ['DeleteExecution'], status: 400 }],
    });
    // The batch is gone at the end: it is looked for while it is worked on.
    const midway = Promise.withResolvers<TableRow[]>();
    const unwatch = studio().watch(({ operation }) => {
      if (operation !== 'FetchExecutionContext') return;
      unwatch();
      midway.resolve(rowsOf(local));
    });
    const body = { flows: 'all', status: 'any', contact: CONTACT, archive: true, dryRun: false };
    const { body: started } = await call('POST', '/purges', { body, key: 'erasure' });
    const { id, counts } = await ended(started.id);
    expect(counts).toMatchObject({ matched: 40, archived: 40 });
    expect(counts.failed).toBeGreaterThan(0);

    const paths = ['/purges', `/purges/${id}`, `/purges/${id}/failures`];
    const answers = [started, ...(await Promise.all(paths.map((path) => call('GET', path))))];
    const rows = [...(await midway.promise), ...(await rowsOf(local))].map((row) => JSON.stringify(row));
    const sorts = [`{"pk":{"S":"purges"},"sk":{"S":"${id}"}`, '"claim#', '"batch#', '"failed#'];
    for (const sort of sorts) expect(rows.filter((row) => row.includes(sort))).not.toEqual([]);
    await eventually(async () => {
      const own = logs.filter((line) => line.includes(id));
      return own.some((line) => line.includes('"purge ended"')) ? own : undefined;
    });
    const archives = local.s3?.store.list(local.resources.archiveBucket) ?? [];
    const own = archives.filter(({ key }) => key.includes(id));
    expect(gunzipSync(own[0]?.bytes ?? '').toString()).toContain(DIGITS);

    const told = answers.map((answer) => JSON.stringify(answer));
    const written = [...told, ...rows, ...logs, ...archives.map(({ key }) => key)];
    expect(written.filter((text) => text.includes(DIGITS))).toEqual([]);
  });

  test('counts as deleted what is gone after an answer that is a page', async () => {
    seed(40, 8);
    studio().behave({
      faults: [{ kind: 'html', status: 200, work: 'done', operations: ['DeleteExecution'] }],
    });
    const record = await purge({ flows: ['welcome'], olderThan: 'P7D', dryRun: false });
    expect(record.counts).toMatchObject({ matched: 40, deleted: 40, alreadyGone: 0, failed: 0 });
    expect(record.digest.count).toBe(40);
  });

  test('starts one purge for one key, however often it is asked', async () => {
    const body = { flows: ['welcome'], olderThan: 'P7D' };
    const first = await call('POST', '/purges', { body, key: 'once' });
    const second = await call('POST', '/purges', { body, key: 'once' });
    expect(second.status).toBe(202);
    expect(second.body.id).toBe(first.body.id);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    const other = await call('POST', '/purges', { body: { ...body, olderThan: 'P8D' }, key: 'once' });
    expect(other).toMatchObject({ status: 422, body: { type: '/problems/idempotency-key-reused' } });
  });

  test.each([
    [{ flows: ['welcome'] }, '#/olderThan'],
    [{ flows: ['welcome', 'nobody'], olderThan: 'P1D' }, '#/flows/1'],
    [{ flows: ['welcome'], olderThan: 'P1D', limit: 0 }, '#/limit'],
    [{ flows: ['welcome'], olderThan: 'a week' }, '#/olderThan'],
    [{ flows: ['welcome'], olderThan: 'P1D', dateCreatedTo: '2026-01-01' }, '#/olderThan'],
    [{ flows: ['welcome'], olderThan: 'P1D', dryrun: false }, '#/dryrun'],
    [{ flows: ['welcome'], olderThan: 'P1D', action: 'end', status: 'ended' }, '#/status'],
  ])('refuses %j at %s', async (body, pointer) => {
    const { status, body: problem } = await call('POST', '/purges', { body });
    expect(status).toBe(422);
    expect(problem.errors.map((one: { pointer: string }) => one.pointer)).toContain(pointer);
  });

  test('refuses a caller without the scope, or without one of the flows', async () => {
    const body = { flows: ['survey'], olderThan: 'P7D' };
    expect((await call('POST', '/purges', { token: 'reader-token', body })).status).toBe(403);
    expect((await call('POST', '/purges', { token: 'surveyor', body })).status).toBe(202);
    const all = { flows: 'all', olderThan: 'P7D' };
    expect((await call('POST', '/purges', { token: 'surveyor', body: all })).status).toBe(403);
  });
});

describe('a purge that runs', () => {
  test('is stopped, with what it did until then counted', async () => {
    seed(5_000, 8);
    studio().behave({ latencyMs: 5, maxInFlight: 5 });
    const started = await call('POST', '/purges', {
      body: { flows: ['welcome'], olderThan: 'P7D', dryRun: false },
    });
    const stopping = await call('POST', `/purges/${started.body.id}/stop`);
    expect(stopping.status).toBe(202);
    const record = await ended(started.body.id);
    expect(record.status).toBe('stopped');
    expect(record.dateEnded).not.toBeNull();
    const { deleted } = studio().store.count();
    expect(deleted).toBeLessThan(5_000);
    expect(record.counts.deleted).toBe(deleted);

    const again = await call('POST', `/purges/${started.body.id}/stop`);
    expect(again).toMatchObject({ status: 200, body: record });
  });

  test('is nobody’s business who may not touch its flows', async () => {
    const { id } = await purge({ flows: ['welcome'], olderThan: 'P7D' });
    expect((await call('GET', `/purges/${id}`, { token: 'surveyor' })).status).toBe(404);
    expect((await call('POST', `/purges/${id}/stop`, { token: 'surveyor' })).status).toBe(404);
    const { body } = await call('GET', '/purges', { token: 'surveyor' });
    expect(body.purges.map((one: { id: string }) => one.id)).not.toContain(id);
  });

  test.each(['nobody', 'pu00000000000000000000000000', 'PU'])('is not found as %s', async (id) => {
    expect(await call('GET', `/purges/${id}`)).toMatchObject({
      status: 404,
      body: { type: '/problems/unknown-purge' },
    });
    expect((await call('POST', `/purges/${id}/stop`)).status).toBe(404);
  });
});

describe('purges at once', () => {
  test('are bounded for each caller, but for those of the schedule', async () => {
    studio().behave({ faults: [{ kind: 'error', status: 503, operations: ['ListExecution'] }] });
    const body = { flows: ['survey'], olderThan: 'P7D' };
    const ids: string[] = [];
    for (let nth = 0; nth < 5; nth++) ids.push((await call('POST', '/purges', { body })).body.id);
    const refused = await call('POST', '/purges', { body, key: 'one too many' });
    expect(refused).toMatchObject({ status: 429, body: { type: '/problems/throttled' } });
    expect(refused.headers.get('retry-after')).toBe('60');
    expect((await call('GET', '/purges', { token: 'surveyor' })).body.purges[0].id).toBe(ids.at(-1));
    const others = await call('POST', '/purges', { token: 'surveyor', body });
    expect(others.status).toBe(202);
    await local.fireSchedule();
    const known = async () => (await call('GET', '/purges')).body.purges;
    while (!(await known()).some(({ policy }: { policy: string }) => policy === 'stuck'))
      await new Promise((resolve) => setTimeout(resolve, 20));

    studio().behave({ faults: [] });
    await ended(ids[0] ?? '');
    expect((await call('POST', '/purges', { body, key: 'one too many' })).status).toBe(202);
    // They would count in the tests after this one.
    for (const { id } of await known()) await ended(id);
  });
});

describe('GET /purges', () => {
  test('pages through all of them, newest first', async () => {
    for (const days of [1, 2, 3]) await purge({ flows: ['welcome'], olderThan: `P${days}D` });
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Answered = await call('GET', `/purges?limit=2${cursor ? `&cursor=${cursor}` : ''}`);
      expect(page.status).toBe(200);
      seen.push(...page.body.purges.map(({ id }: { id: string }) => id));
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    expect(seen.length).toBeGreaterThanOrEqual(3);
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
  });

  test('hands out no id of a purge that the caller may not see, and takes no cursor but its own', async () => {
    const hidden = await purge({ flows: ['welcome'], olderThan: 'P1D' });
    const page = (cursor: string, token: string, path = '/purges') =>
      call('GET', `${path}?limit=1${cursor && `&cursor=${cursor}`}`, { token });
    const { status, body } = await page('', 'surveyor');
    expect([status, body.purges]).toEqual([200, []]);
    expect(body.nextCursor).not.toContain(hidden.id);
    expect(Buffer.from(body.nextCursor, 'base64url').toString('latin1')).not.toContain(hidden.id);
    expect((await page(body.nextCursor, 'surveyor')).status).toBe(200);
    for (const [cursor, token, path] of [
      [body.nextCursor, 'admin-token', '/purges'],
      [body.nextCursor, 'surveyor2', '/purges'],
      [body.nextCursor, 'admin-token', `/purges/${hidden.id}/failures`],
      [hidden.id, 'surveyor', '/purges'],
      [hidden.id, 'admin-token', '/purges'],
      ['abc.def', 'admin-token', '/purges'],
    ] as const) {
      const refused = await page(cursor, token, path);
      expect([token, refused.status, refused.body.errors?.[0].pointer]).toEqual([token, 422, '?cursor']);
    }
  });
});

describe('GET /purges/{purge}/failures', () => {
  /** So many executions, half of which Studio never deletes, and what it says of them. */
  async function halfFailed(count: number, more: Record<string, unknown> = {}): Promise<Answered['body']> {
    seed(count, 8, { contact: CONTACT });
    studio().behave({ stubborn: [{ share: 0.5, operations: ['DeleteExecution'], status: 400 }] });
    return purge({ flows: ['welcome'], olderThan: 'P7D', dryRun: false, ...more });
  }

  async function pagesOf(id: string, limit: number): Promise<Answered['body'][]> {
    const pages = [];
    let cursor: string | null = null;
    do {
      const path: string = `/purges/${id}/failures?limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`;
      const page = await call('GET', path);
      expect(page.status).toBe(200);
      pages.push(page.body);
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    return pages;
  }

  test('names all of them, of which the record has the first 100', async () => {
    const record = await halfFailed(300);
    const left = [...studio().store.list()];
    expect(left.length).toBeGreaterThan(100);
    const failures = (await pagesOf(record.id, 60)).flatMap((page) => page.failures);
    expect(failures.slice(0, 100).map(({ sid, reason }) => ({ sid, reason }))).toEqual(record.failures);
    const created = new Map(left.map(({ sid, dateCreated }) => [sid, dateCreated]));
    expect(failures.map(({ sid }) => sid).toSorted()).toEqual([...created.keys()].toSorted());
    for (const { sid, flow, dateCreated, reason } of failures) {
      expect([flow, reason]).toEqual(['welcome', 'delete: rejected (20001)']);
      expect(dateCreated).toBe(created.get(sid));
    }
  });

  test('names none where nothing failed', async () => {
    seed(3, 8);
    const { id } = await purge({ flows: ['welcome'], olderThan: 'P7D', dryRun: false });
    expect(await pagesOf(id, 1_000)).toEqual([{ failures: [], nextCursor: null }]);
  });

  test('names no address of a contact', async () => {
    const { id } = await halfFailed(10, { contact: CONTACT });
    const { body } = await call('GET', `/purges/${id}/failures`);
    expect(body.failures.length).toBeGreaterThan(0);
    expect(JSON.stringify(body)).not.toContain(CONTACT.slice(1));
  });

  test('refuses the cursor of another purge, and whoever may not see the purge', async () => {
    const [one, other] = [await halfFailed(10), await halfFailed(10)];
    const { nextCursor } = (await pagesOf(one.id, 1))[0];
    const of = (id: string, query = '', token = 'admin-token') =>
      call('GET', `/purges/${id}/failures${query}`, { token });
    expect((await of(one.id, `?cursor=${nextCursor}`)).status).toBe(200);
    expect((await of(other.id, `?cursor=${nextCursor}`)).body.errors[0].pointer).toBe('?cursor');
    expect((await of(one.id, '?limit=1001')).body.errors[0].pointer).toBe('?limit');
    expect((await of(one.id, '', 'surveyor')).body.type).toBe('/problems/unknown-purge');
    expect((await of('pu00000000000000000000000000')).body.type).toBe('/problems/unknown-purge');
    expect((await of(one.id, '', 'reader-token')).body.type).toBe('/problems/forbidden');
  });
});

describe('the schedule', () => {
  test('runs each policy as a purge of its own', async () => {
    seed(20, 8, { activeShare: 0.5 });
    const before = (await call('GET', '/purges?limit=1000')).body.purges.map(({ id }: { id: string }) => id);
    await local.fireSchedule();
    const purges = await eventually(async () => {
      const { body } = await call('GET', '/purges?limit=10');
      const own = body.purges.filter(
        (one: { id: string; policy: string | null; status: string }) =>
          one.policy !== null && one.status !== 'running' && !before.includes(one.id),
      );
      return own.length >= 2 ? own : undefined;
    });
    const byPolicy = new Map(purges.map((one: { policy: string }) => [one.policy, one]));
    expect(byPolicy.get('ended')).toMatchObject({ requestedBy: 'schedule', request: { dryRun: false } });
    expect(byPolicy.get('stuck')).toMatchObject({ status: 'succeeded', counts: { ended: 10, deleted: 0 } });
    expect(studio().store.count().deleted).toBeGreaterThanOrEqual(10);
  });
});

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const untilMs = Date.now() + TIMEOUT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > untilMs) throw new Error('It did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
