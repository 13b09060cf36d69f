import { describe, expect, test } from 'vitest';
import { admin } from '../../../support/http/api.ts';
import { catching } from '../../../support/http/catching.ts';

const TRIGGER = 'POST /flows/welcome/executions';
const to = '+12025550123';
const form = { ...admin, 'content-type': 'application/x-www-form-urlencoded' };
const pointersOf = (body: { errors: { pointer: string }[] }) => body.errors.map(({ pointer }) => pointer);

describe('an optional member that is null is absent', () => {
  test('in a trigger', async () => {
    const { call, seen } = catching();
    const json = { to, from: null, parameters: null, onConflict: null };
    expect((await call(TRIGGER, { headers: admin, json })).status).toBe(200);
    expect(JSON.stringify(seen[0]?.body)).toBe(JSON.stringify({ to }));
  });

  test('in a purge, which then has its defaults', async () => {
    const { call, seen } = catching();
    const absent = { flows: 'all', olderThan: 'P7D' };
    const json = {
      ...absent,
      status: null,
      dateCreatedFrom: null,
      dateCreatedTo: null,
      contact: null,
      action: null,
      archive: null,
      limit: null,
      dryRun: null,
    };
    for (const sent of [json, absent])
      expect((await call('POST /purges', { headers: admin, json: sent })).status).toBe(200);
    expect(seen[0]?.body).toEqual(seen[1]?.body);
    expect(seen[0]?.body).toMatchObject({ status: 'ended', action: 'delete', archive: false, dryRun: true });
  });

  test('but a required one is missing, an unknown one unknown, and a null inside the parameters stays', async () => {
    const { call, seen } = catching();
    const wrong = await call(TRIGGER, { headers: admin, json: { to: null, too: null } });
    expect(wrong.body.errors).toEqual([
      { detail: 'is missing', pointer: '#/to' },
      { detail: 'is not a known member', pointer: '#/too' },
    ]);
    const purge = await call('POST /purges', { headers: admin, json: { flows: null, olderThan: null } });
    expect(pointersOf(purge.body)).toEqual(['#/flows', '#/olderThan']);
    await call(TRIGGER, { headers: admin, json: { to, parameters: { name: null, list: [null] } } });
    expect(seen.map(({ body }) => body)).toEqual([{ to, parameters: { name: null, list: [null] } }]);
  });

  test('and text without characters in JSON is a mistake', async () => {
    const json = { to, from: '', parameters: '', onConflict: '' };
    const { body } = await catching().call(TRIGGER, { headers: admin, json });
    expect(pointersOf(body).toSorted()).toEqual(['#/from', '#/onConflict', '#/parameters']);
  });
});

describe('an empty field of a form', () => {
  test('is absent where the member is optional', async () => {
    const { call, seen } = catching();
    const body = 'To=%2B12025550123&From=&Parameters=&OnConflict=';
    expect((await call(TRIGGER, { headers: form, body })).status).toBe(200);
    expect(JSON.stringify(seen[0]?.body)).toBe(JSON.stringify({ to }));
  });

  test.each([
    ['To=', ['#/to']],
    ['To=&From=', ['#/to']],
    ['To=%2B12025550123&Else=', ['#/Else']],
    ['To=%2B12025550123&From=&From=12345', ['#/from']],
  ])('is a mistake where it is required, unknown or given twice: %s', async (body, pointers) => {
    const { call, seen } = catching();
    const reply = await call(TRIGGER, { headers: form, body });
    expect([reply.status, pointersOf(reply.body)]).toEqual([422, pointers]);
    expect(seen).toEqual([]);
  });
});
