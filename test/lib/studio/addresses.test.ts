import { describe, expect, test } from 'vitest';
import { isContactAddress, isRecipient, isSender, restorePlus } from '../../../lib/studio/addresses.ts';

/** One phone number in spellings that Twilio takes for it, and that Studio reports as something else. */
const OTHER_SPELLINGS = [
  '12025550123',
  '0012025550123',
  '01112025550123',
  ' +12025550123',
  '+12025550123 ',
  '+12025550123\t',
  '+12025550123\n',
  '\u00a0+12025550123',
  '+1 202 555 0123',
  '+1-202-555-0123',
  '+1.202.555.0123',
  '+1(202)5550123',
  '(202) 555-0123',
  '202-555-0123',
  '202.555.0123',
  '202\u2011555\u20110123',
  'tel:+12025550123',
  'tel:+1-202-555-0123;ext=5',
  'tel:202-555-0123;phone-context=+1',
  'sms:+12025550123',
  'smsto:+12025550123',
  'callto:+12025550123',
  'phone:+12025550123',
  'mobile:12025550123',
  'TEL:+12025550123',
  'WHATSAPP:+12025550123',
  'WhatsApp:+12025550123',
  'RCS:+12025550123',
  'whatsapp:12025550123',
  'whatsapp:+1 202 555 0123',
  'whatsapp: +12025550123',
  'whatsapp :+12025550123',
  'whatsapp:whatsapp:+12025550123',
  'whatsapp:0012025550123',
  'whatsapp:202-555-0123',
  'rcs:12025550123',
  '\u202a+12025550123\u202c',
  '\u200e+12025550123',
  '\u2066+12025550123\u2069',
  '\ufeff+12025550123',
  '+1\u200b2025550123',
  '+1\u00ad2025550123',
  ':12025550123',
  '12025550123:',
  'tel 12025550123',
  'Phone +12025550123',
  'whatsapp:whatsapp:12025550123',
  '+12025550123\u0000',
  '\uff0b12025550123',
  '+\uff11\uff12025550123',
  '+1202555012\u0663',
  '\u0661\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0662\u0663',
  '++12025550123',
  '+02025550123',
  '+120255',
  '+1202555012345678',
  '+',
];

const BLANK = ['', ' ', '   ', '\t', '\u0000', '\u200b', '\ud800', 'client:\udfff', 'x'.repeat(301)];

const NUMBERS = [
  '+12025550123',
  '+1202555',
  '+120255501234567',
  'whatsapp:+12025550123',
  'rcs:+12025550123',
  'viber:+12025550123',
];

const OTHERS = [
  'client:alice',
  'client:12025550123',
  'sip:alice@example.com',
  'sip:+12025550123@10.0.0.1:5060',
  'sips:alice@example.com;transport=tls',
  'messenger:1234567890',
  'whatsapp:US.13491208655302741918',
  'live-chat:Zoë',
];

describe('the recipient of a trigger', () => {
  test.each([...NUMBERS, ...OTHERS])('may be %j', (text) => expect(isRecipient(text)).toBe(true));

  test.each([
    ...OTHER_SPELLINGS,
    ...BLANK,
    'alice',
    'anonymous',
    '12345',
    `MG${'a'.repeat(32)}`,
    'rcs:agent',
    'whatsapp:alice',
    'client:',
    ':alice',
    'Client:alice',
    'client:al ice',
    'client:alice\u2028',
    'client:alice\ufe0f',
    'client:+12',
    'sip:alice',
    'sip:@example.com',
    'sip:alice@b@c',
    'messenger:\uff11\uff12345',
    'voice:alice',
  ])('is never %j', (text) => expect(isRecipient(text)).toBe(false));
});

describe('the sender', () => {
  test.each([...NUMBERS, ...OTHERS, `MG${'aF0'.repeat(10)}12`, '123', '12345678', 'rcs:my_agent-1'])(
    'may be %j',
    (text) => expect(isSender(text)).toBe(true),
  );

  test.each([
    ...OTHER_SPELLINGS,
    ...BLANK,
    '12',
    '123456789',
    `MG${'a'.repeat(31)}`,
    `mg${'a'.repeat(32)}`,
    'rcs:',
    'rcs:123',
    `rcs:${'a'.repeat(297)}`,
    '\uff11\uff12\uff13\uff14\uff15',
  ])('is never %j', (text) => expect(isSender(text)).toBe(false));
});

describe('a contact that is looked for', () => {
  test.each(['client:whatsapp:+12025550123', 'client:123:+x', 'client:(+1', 'skype:#+1'])(
    'may be %j, since a flow can be triggered for it',
    (text) => expect([isRecipient(text), isContactAddress(text)]).toEqual([true, true]),
  );

  test.each([
    ...NUMBERS,
    ...OTHERS,
    '12345',
    '12345678',
    'anonymous',
    'Anonymous',
    'Jane Doe',
    'jane.doe+7@example.com',
    'sms-4711',
    'XE0123456789',
    'User:4711',
    '0f8fad5b-d9cb-469f-a165-70867728950e',
  ])('may be %j', (text) => expect(isContactAddress(text)).toBe(true));

  test.each([
    ...OTHER_SPELLINGS,
    ...BLANK,
    ' alice',
    'alice\u3000',
    'al\u0007ice',
    'a\u2029b',
    '123456789',
    '"+12025550123"',
  ])('is never %j, which would match nobody', (text) => expect(isContactAddress(text)).toBe(false));
});

test.each([
  [' 12025550123', '+12025550123'],
  ['whatsapp: 12025550123', 'whatsapp:+12025550123'],
  ['  12025550123', '  12025550123'],
  [' alice', ' alice'],
  ['12025550123', '12025550123'],
  ['client:al 1', 'client:al 1'],
])('%j of a form means %j', (sent, meant) => expect(restorePlus(sent)).toBe(meant));
