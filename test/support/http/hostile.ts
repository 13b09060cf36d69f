import { createHash } from 'node:crypto';
import { checkConfig } from '../../../lib/config/configuration.ts';
import { MAX_BODY_BYTES } from '../../../lib/http/event/body.ts';
import { type EventOptions, eventOf } from './events.ts';

/** What a caller without credentials can send to cost a processor time: shared by a test and a benchmark. */

export const NOW = Date.parse('2026-11-22T10:00:00Z');
const FLOW = `FW${'a'.repeat(32)}`;
const TARGET = 'POST /flows/welcome/executions';
/** The most that Secrets Manager stores. */
const MAX_SECRET_BYTES = 65_536;
/** What API Gateway takes of header lines. */
const HEADER_BYTES = 9_000;

/** Both kinds of signatures are checked, over a URL that Twilio can spell in six ways. */
export const hostileConfig = checkConfig({
  flows: [{ alias: 'welcome', sid: FLOW, from: '+15017122661' }],
  publicUrl: 'https://api.example.com:8443/flows',
  twilioWebhooks: { scopes: ['trigger'] },
});

const common = {
  accountSid: `AC${'a'.repeat(32)}`,
  apiKeySid: `SK${'a'.repeat(32)}`,
  apiKeySecret: 'local',
  authToken: '1'.repeat(32),
  secondaryAuthToken: '2'.repeat(32),
};

/** A secret as full of callers, or of webhooks, as it can be. `age` makes each entry another one. */
export function fullSecret(of: 'callers' | 'webhooks', age: string): string {
  const entries: unknown[] = [];
  const json = () => JSON.stringify({ ...common, callers: [], webhooks: [], [of]: entries });
  for (let room = MAX_SECRET_BYTES - json().length; room > 0; ) {
    const key = createHash('sha256').update(`${age} ${entries.length}`).digest('base64').slice(0, 32);
    const entry =
      of === 'callers'
        ? { name: 'a', token: key, scopes: [] }
        : { name: 'a', secret: `whsec_${key}`, scopes: [] };
    room -= JSON.stringify(entry).length + 1;
    if (room > 0) entries.push(entry);
  }
  return json();
}

export type HostileRequest = { name: string; secret: 'callers' | 'webhooks'; event: unknown };

function hostile(name: string, options: EventOptions & { query?: string }, secret: HostileRequest['secret']) {
  const { query = '', ...rest } = options;
  return { name, secret, event: eventOf(`${TARGET}${query && `?${query}`}`, rest) };
}

const filled = (part: string, bytes = MAX_BODY_BYTES) =>
  part.repeat(Math.ceil(bytes / part.length)).slice(0, bytes);

const names = (count: number, bytes: number) =>
  Array.from({ length: count }, (_, at) => `${at}=`.padEnd(Math.floor(bytes / count) - 1, 'x')).join('&');

const signature = { 'x-twilio-signature': `${'A'.repeat(27)}=` };
const sharedKey = {
  'x-twilio-signature': `${'A'.repeat(43)}=`,
  'x-twilio-webhooks-signature-settings': 'key=webhooks_sharedkey_1,algorithm=HMAC_SHA256',
};
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const webhook = {
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(NOW / 1_000),
  'webhook-signature': Array.from({ length: 20 }, (_, at) => `v1,${String(at).padStart(43, 'A')}=`).join(' '),
};

const many = Array.from({ length: MAX_BODY_BYTES / 4 }, (_, at) => `${at}=`)
  .join('&')
  .slice(0, MAX_BODY_BYTES);
/** Distinct names that share a long beginning, which makes each comparison of a sort long. */
const alike = Array.from({ length: 1_000 }, (_, at) => `${'n'.repeat(255)}${String(at).padStart(4, '0')}=`)
  .join('&')
  .slice(0, MAX_BODY_BYTES);
const bodyHash = `bodySHA256=${'0'.repeat(64)}`;

const twilioForms: readonly (readonly [string, string | Buffer])[] = [
  ['many names', many],
  ['one name many times', filled('0=&')],
  ['only separators', filled('&')],
  ['1,000 names', names(1_000, MAX_BODY_BYTES)],
  ['1,000 names that begin alike', alike],
  ['one long value', filled('a')],
  ['percent signs', `a=${filled('%41', MAX_BODY_BYTES - 2)}`],
  ['broken percent signs', `a=${filled('%zz', MAX_BODY_BYTES - 2)}`],
  ['plus signs', `a=${filled('+', MAX_BODY_BYTES - 2)}`],
  ['no UTF-8', Buffer.alloc(MAX_BODY_BYTES, 0xff)],
];

/** Every kind, each as large as it gets. */
export const hostileRequests: readonly HostileRequest[] = [
  hostile('no credentials', { body: filled('a') }, 'callers'),
  hostile('a wrong token', { headers: { authorization: 'Bearer wrong' }, body: filled('a') }, 'callers'),
  hostile('a long token', { headers: { authorization: `Bearer ${filled('a', HEADER_BYTES)}` } }, 'callers'),
  hostile(
    'spaces for a token',
    { headers: { authorization: `Bearer${filled(' ', HEADER_BYTES)}\n` } },
    'callers',
  ),
  ...twilioForms.map(([name, body]) =>
    hostile(`Twilio: ${name}`, { headers: { ...form, ...signature }, body }, 'callers'),
  ),
  hostile('Twilio: base64', { headers: { ...form, ...signature }, body: many, base64: true }, 'callers'),
  hostile('Twilio: another key', { headers: { ...form, ...sharedKey }, body: alike }, 'callers'),
  hostile('Twilio: JSON', { headers: signature, body: filled('{}'), query: bodyHash }, 'callers'),
  hostile('Twilio: a long query', { headers: signature, query: filled('0=&', HEADER_BYTES) }, 'callers'),
  hostile(
    'Twilio: long headers',
    { headers: { ...form, 'x-twilio-signature': filled('A', HEADER_BYTES) }, body: alike },
    'callers',
  ),
  hostile(
    'Twilio: a long media type',
    { headers: { ...signature, 'content-type': filled('; ', HEADER_BYTES) }, body: alike },
    'callers',
  ),
  hostile('webhook: 20 signatures', { headers: webhook, body: filled('a') }, 'webhooks'),
  hostile('webhook: base64', { headers: webhook, body: filled('a'), base64: true }, 'webhooks'),
  hostile(
    'webhook: a long list',
    { headers: { ...webhook, 'webhook-signature': filled('v1, ', HEADER_BYTES) }, body: filled('a') },
    'webhooks',
  ),
];
