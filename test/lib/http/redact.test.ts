import { describe, expect, test } from 'vitest';
import { redactValues } from '../../../lib/http/redact.ts';
import { studioProblem } from '../../../lib/http/studio-problems.ts';
import { StudioError } from '../../../lib/studio/errors.ts';

const sent = {
  to: 'whatsapp:+12025550111',
  from: '12345',
  parameters: { name: 'Ann Smith', order: 4711, city: 'Zürich', 'Dr Jones': '😀😀😀', code: '%2B' },
};

describe('no address of the request stands in what Studio says of it', () => {
  test.each([
    'whatsapp:+12025550111',
    'WhatsApp:+12025550111',
    'WHATSAPP: +1 202 555 0111',
    '+12025550111',
    '12025550111',
    '2025550111',
    '+1 202 555 0111',
    '+1-202-555-0111',
    '+1.202.555.0111',
    '+1 (202) 555-0111',
    '(202) 555-0111',
    '0012025550111',
    '1/202/555/0111',
    '+1 202 555 0111',
    '+1–202–555–0111',
    '%2B12025550111',
    '%2b1%20202%20555%200111',
    '%252B12025550111',
    'whatsapp%3A%2B12025550111',
    '+12025550111',
    '+1\u200b202\u200b555\u200b0111',
    '“+12025550111”',
    'https://api.example/?To=%2B12025550111',
    '202 in group 555 with 0111',
    '5550111',
    '********0111',
    '12345',
  ])('%s', (spelling) => {
    const text = redactValues(`The number ${spelling} is not valid`, sent);
    expect(text).toMatch(/^The number .*… is not valid$|^The number .*….* is not valid$/);
    expect(text.replaceAll(/\D/g, '')).toBe('');
  });

  test.each([
    ['client:ada.l', 'client:ada.l'],
    ['client:ada.l', 'Client%3AAda.L'],
    ['client:ada.l', 'ada.l'],
    ['client:ada.l', 'client ada_l'],
    ['sip:ada@example.com', 'sip:ada@example.com;transport=tls'],
    ['sip:ada@example.com', 'ada%40example.com'],
  ])('of %s, told as %s', (to, spelling) => {
    const text = redactValues(`There is no ${spelling} here`, { to });
    expect(text).toMatch(/^There is no \S*…\S* here$/);
    expect(text).not.toMatch(/ada|example/i);
  });
});

describe('nor a part of it', () => {
  test.each([
    ['sip:ada@example.com', 'There is no user ada at example.com', 'There is no user … at …'],
    [
      'sip:ada@example.com:5060;transport=tls',
      'Ada is not registered at EXAMPLE.COM',
      '… is not registered at …',
    ],
    ['sips:ada:pass@example.com', 'No ada, and no host example.com', 'No …, and no host …'],
    ['sip:example.com;transport=tls', 'The host example.com is unknown', 'The host … is unknown'],
    ['ada.l@example.com', 'No ada.l at example.com', 'No … at …'],
  ])('of %s: %s', (to, words, told) => {
    expect(redactValues(words, { to })).toBe(told);
  });
});

test('the addresses count however many longer texts were sent', () => {
  const parameters = Array.from({ length: 300 }, (_, index) => `a text that is longer, number ${index}`);
  const own = { to: 'sip:ada@example.com', from: '12345' };
  const words = 'No user ada at example.com for 12345';
  for (const one of [
    { ...own, parameters },
    { parameters, ...own },
  ])
    expect(redactValues(words, one)).toBe('No user … at … for …');
});

test.each([
  ['Ann Smith, ann_smith, ANN+SMITH and Ann%20Smith', '…, …, … and …'],
  ['order 4711 of Z%C3%BCrich', '… … of …'],
  ['Dr Jones is 4711, or 😀😀😀', '… is …, or …'],
  ['«Bob» and ‘Bob’ and `Bob`', '… and … and …'],
])('nor what else was sent: %s', (words, told) => {
  expect(redactValues(words, sent)).toBe(told);
});

test.each([
  'To and From together must not exceed 300 bytes',
  'Error 21211: invalid phone number',
  'At most 1,600 characters, 64 KB and 5 retries',
])('what was not sent stays: %s', (words) => {
  expect(redactValues(words, sent)).toBe(words);
});

describe('a link', () => {
  const link = (moreInfo: string) => {
    const error = new StudioError('rejected', 'x', { operation: 'executions.create', moreInfo });
    return studioProblem(error, false, sent).members['studio'];
  };
  const docs = 'https://www.twilio.com/docs/errors/21211';

  test.each([
    [docs, docs],
    [`${docs}?To=%2B12025550111#12025550111`, docs],
    ['https://ann:smith@www.twilio.com/docs/errors/21211', docs],
    [
      'https://www.twilio.com/docs/studio/rest-api/v2/execution',
      'https://www.twilio.com/docs/studio/rest-api/v2/execution',
    ],
    ['HTTPS://WWW.TWILIO.COM/docs/errors/21211', docs],
    ['http://www.twilio.com/docs/errors/21211', null],
    ['https://www.twilio.com:8443/docs/errors/21211', null],
    ['https://www.twilio.com.evil.example/docs/errors/21211', null],
    ['https://www.twilio.com/console?to=+12025550111', null],
    ['https://www.twilio.com/docs/../console', null],
    ['https://www.twilio.com/docs/errors/12025550111', null],
    ['https://www.twilio.com/docs/errors/%2B1202', null],
    ['https://www.twilio.com/docs/ann-smith', null],
    ['/docs/errors/21211', null],
    ['not a link', null],
  ])('%s is told as %s', (given, told) => {
    expect(link(given)).toMatchObject({ moreInfo: told });
  });
});
