import { describe, expect, test } from 'vitest';
import { CONTACT_RULE, RECIPIENT_RULE, SENDER_RULE } from '../../../../lib/studio/addresses.ts';
import { admin } from '../../../support/http/api.ts';
import { catching } from '../../../support/http/catching.ts';

const TRIGGER = 'POST /flows/welcome/executions';
const LIST = 'GET /flows/welcome/executions';
const form = { ...admin, 'content-type': 'application/x-www-form-urlencoded' };

/** Each is one person's phone number, and would start or match something else. */
const spellings = [
  '12025550123',
  ' +12025550123',
  'tel:+12025550123',
  '(202) 555-0123',
  'WHATSAPP:+12025550123',
  'whatsapp:12025550123',
  '\u202a+12025550123\u202c',
  '+12025550123\t',
  '\u0000',
  '   ',
];

describe('an address in another spelling', () => {
  test.each(spellings)('is refused with what is expected, and not repeated: %j', async (spelling) => {
    const { call, seen } = catching();
    const trigger = await call(TRIGGER, { headers: admin, json: { to: spelling, from: spelling } });
    const search = await call(`${LIST}?contact=${encodeURIComponent(spelling)}`, {
      headers: admin,
    });
    const erasure = await call('POST /purges', { headers: admin, json: { flows: 'all', contact: spelling } });
    expect([trigger.status, search.status, erasure.status]).toEqual([422, 422, 422]);
    expect(trigger.body.errors).toEqual([
      { detail: RECIPIENT_RULE, pointer: '#/to' },
      { detail: SENDER_RULE, pointer: '#/from' },
    ]);
    expect(search.body.errors).toEqual([{ detail: CONTACT_RULE, pointer: '?contact' }]);
    expect(erasure.body.errors).toEqual([{ detail: CONTACT_RULE, pointer: '#/contact' }]);
    expect(trigger.text + search.text + erasure.text).not.toMatch(/2025550123|555-0123/);
    expect(seen).toEqual([]);
  });

  test('is also refused in a form', async () => {
    const { call, seen } = catching();
    for (const to of ['12025550123', 'tel:%2B12025550123', '++12025550123', 'WHATSAPP:%2B12025550123'])
      expect([to, (await call(TRIGGER, { headers: form, body: `To=${to}` })).status]).toEqual([to, 422]);
    expect(seen).toEqual([]);
  });
});

describe('the contacts of a purge', () => {
  const order = (contact: unknown) =>
    catching().call('POST /purges', { headers: admin, json: { flows: 'all', contact } });
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => `+120255501${index + 10}`);

  test.each([
    ['one', numbers(1)],
    ['twenty', numbers(20)],
    ['two of a person', ['+12025550123', 'whatsapp:+12025550123']],
  ])('may be a list of %s', async (_, contact) => expect((await order(contact)).status).toBe(200));

  test.each([
    ['none', [], '#/contact', 'must name at least one address'],
    ['twenty-one', numbers(21), '#/contact', 'must name at most 20 addresses'],
    ['the same twice', ['+12025550123', '+12025550123'], '#/contact/1', 'is in the list already'],
    ['another spelling', ['+12025550123', '12025550123'], '#/contact/1', CONTACT_RULE],
    ['null', ['+12025550123', null], '#/contact', 'must be a string or an array'],
    ['a number', 12025550123, '#/contact', 'must be a string or an array'],
  ])('are never a list of %s', async (_, contact, pointer, detail) => {
    const { status, body } = await order(contact);
    expect([status, body.errors]).toEqual([422, [{ detail, pointer }]]);
  });
});

test.each([
  ['To=+12025550123&From=+15017122661', { to: '+12025550123', from: '+15017122661' }],
  ['To=%2012025550123', { to: '+12025550123' }],
  ['To=whatsapp:+12025550123', { to: 'whatsapp:+12025550123' }],
  ['To=%2B12025550123&From=12345', { to: '+12025550123', from: '12345' }],
  ['To=client:ada&Parameters=%7B%22a%22%3A%22+1%22%7D', { to: 'client:ada', parameters: { a: ' 1' } }],
])('a plus that a form did not encode is read as one: %s', async (body, expected) => {
  const { call, seen } = catching();
  expect((await call(TRIGGER, { headers: form, body })).status).toBe(200);
  expect(seen[0]?.body).toEqual(expected);
});

test.each([
  ['+12025550123', '+12025550123'],
  ['%2B12025550123', '+12025550123'],
  ['%2012025550123', '+12025550123'],
  ['whatsapp:%2012025550123', 'whatsapp:+12025550123'],
  ['anonymous', 'anonymous'],
  ['12345', '12345'],
  ['Jane%20Doe', 'Jane Doe'],
])('the query string contact=%s means %s', async (sent, contact) => {
  const { call, seen } = catching();
  expect((await call(`${LIST}?contact=${sent}`, { headers: admin })).status).toBe(200);
  expect(seen[0]?.query).toMatchObject({ contact });
});

test('a space before digits in JSON is not a plus', async () => {
  const reply = await catching().call(TRIGGER, { headers: admin, json: { to: ' 12025550123' } });
  expect(reply.status).toBe(422);
});
