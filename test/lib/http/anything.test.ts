import fc from 'fast-check';
import twilio from 'twilio';
import { afterAll, expect, test } from 'vitest';
import { checkConfig } from '../../../lib/config/configuration.ts';
import { triggerAnswer } from '../../../lib/http/handlers/trigger.ts';
import { problems } from '../../../lib/http/problems.ts';
import type { Handlers } from '../../../lib/http/request.ts';
import { routeKeys } from '../../../lib/http/routes.ts';
import { createStudio } from '../../../lib/studio/client.ts';
import { trigger } from '../../../lib/trigger/trigger.ts';
import {
  admin,
  apiOver,
  configInput,
  NOW,
  PUBLIC_URL,
  reader,
  secretInput,
  secretSource,
  studioHandlers,
  surveyor,
  WEBHOOK_SECRET,
} from '../../support/http/api.ts';
import { webhookHeaders } from '../../support/http/signed.ts';
import { createMemoryClaims } from '../../support/trigger/claims.ts';

/**
 * Whatever is sent: an answer, never a 500, always a problem document when it is refused, and nothing is
 * asked upstream for what is refused.
 */
const CASES = 10_000;
/** A hang; each takes about a millisecond, on a machine that does nothing else. */
const SLOW_MS = 5_000;

/** Every call upstream is counted, and answered as unknown. */
let upstreamCalls = 0;
const studio = createStudio({
  accountSid: secretInput.accountSid,
  username: secretInput.apiKeySid,
  password: 'local',
  transport: {
    send: async () => {
      upstreamCalls++;
      const body = Buffer.from('{"code":20404,"message":"not found","status":404}');
      return { ok: true as const, status: 404, header: () => undefined, body };
    },
    prepare: () => {},
    close: async () => {},
  },
});
afterAll(() => studio.close());

const runtime = { config: checkConfig(configInput), secret: secretSource(), studio, now: () => NOW };
/** What a request that got in would do upstream: one call at least. */
const reach = async () => {
  upstreamCalls++;
  return { status: 201, body: {} };
};
let ids = 0;
const ports = {
  claims: createMemoryClaims(),
  executions: studio.executions,
  apiKeySecret: async () => secretInput.apiKeySecret,
  now: () => NOW,
  sleep: async () => {},
  random: () => 0.5,
  newId: () => String(++ids),
};
const handlers: Handlers = {
  'POST /flows/{flow}/executions': async (request) =>
    triggerAnswer(await trigger(ports, { ...request, caller: request.caller.id }), request.flow),
  ...studioHandlers(runtime),
  'POST /purges': reach,
  'GET /purges': reach,
  'GET /purges/{purge}': reach,
  'POST /purges/{purge}/stop': reach,
};

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 60 }),
  fc.constantFrom('', '..', '__proto__', 'constructor', '%00', '%ff', '\u0000', '\ud800', '"', '+', ' '),
);
const sid = fc
  .tuple(
    fc.constantFrom('FN', 'FT', 'FW'),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF'), minLength: 32, maxLength: 32 }),
  )
  .map((parts) => parts.join(''));
const segment = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('welcome', 'survey') },
  { weight: 3, arbitrary: sid },
  anyText,
);
/** Who sends it: all four kinds of callers, each with credentials that are right and that are wrong. */
const caller: fc.Arbitrary<Record<string, string> | 'webhook' | 'twilio'> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(admin, reader, surveyor) },
  fc.constantFrom({}, { authorization: 'Bearer wrong' }, 'webhook' as const, 'twilio' as const),
);
const iam = fc.oneof(
  { weight: 9, arbitrary: fc.constant(undefined) },
  fc.constant({
    userArn: 'arn:aws:sts::123456789012:assumed-role/Deployer/session',
    accountId: '123456789012',
  }),
  fc.record({ userArn: fc.oneof(anyText, fc.integer(), fc.constant(null)) }),
);
const headerName = fc.oneof(
  fc.constantFrom(
    'authorization',
    'content-type',
    'Content-Type',
    'idempotency-key',
    'webhook-id',
    'webhook-timestamp',
    'webhook-signature',
    'x-twilio-signature',
    'i-twilio-idempotency-token',
  ),
  anyText,
);
const contentType = fc.constantFrom(
  {},
  { 'content-type': 'application/json' },
  { 'content-type': 'application/x-www-form-urlencoded' },
);
const member = fc.oneof(
  fc.constantFrom(
    'to',
    'from',
    'parameters',
    'onConflict',
    'flows',
    'olderThan',
    'contact',
    'dryRun',
    'limit',
  ),
  anyText,
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((json) => Buffer.from(json)),
  fc.dictionary(member, fc.oneof(fc.jsonValue(), anyText)).map((value) => Buffer.from(JSON.stringify(value))),
  fc
    .record({
      to: fc.oneof(anyText, fc.constant('+15005550006')),
      parameters: fc.dictionary(anyText, fc.jsonValue()),
    })
    .map((value) => Buffer.from(JSON.stringify(value))),
  fc
    .array(fc.tuple(fc.constantFrom('To', 'From', 'Parameters', 'Else'), anyText))
    .map((pairs) =>
      Buffer.from(
        new URLSearchParams(
          pairs.map(([name, value]): [string, string] => [name, value.toWellFormed()]),
        ).toString(),
      ),
    ),
);
const parameter = fc.tuple(
  fc.constantFrom('limit', 'cursor', 'status', 'contact', 'dateCreatedFrom', 'dateCreatedTo', 'end', 'x'),
  fc.oneof(anyText, fc.constantFrom('1', '0', 'true', 'ended', '2026-11-22', '+15005550006')),
);
const query = fc.oneof(
  fc.constant(''),
  anyText,
  fc.array(parameter, { maxLength: 4 }).map((pairs) => pairs.map((pair) => pair.join('=')).join('&')),
);
const request = fc.record({
  route: fc.constantFrom(...routeKeys, '$default', 'GET /nowhere', '__proto__'),
  segments: fc.record({ flow: segment, execution: segment, step: segment, purge: segment }),
  /** A gateway may leave the parameters of the path, and of the query string, to the function. */
  isBare: fc.boolean(),
  caller,
  iam,
  contentType,
  headers: fc.dictionary(headerName, anyText, { maxKeys: 3 }),
  query,
  body,
  base64: fc.boolean(),
});

/** The aliases and SIDs that a path may name. */
const CONFIGURED = new Set(runtime.config.flows.flatMap(({ alias, sid: flow }) => [alias, flow]));

/** Whether the request can be about a flow that is ours, so that only Studio can say it knows it not. */
function namesOurs({ route, segments }: Sent): boolean {
  return !route.includes('{flow}') || CONFIGURED.has(segments.flow);
}

type Sent = typeof request extends fc.Arbitrary<infer T> ? T : never;

function pathOf({ route, segments }: Sent): string {
  const template = route.slice(route.indexOf('/'));
  return template.replaceAll(
    /\{(flow|execution|step|purge)\}/g,
    (_, name: keyof Sent['segments']) => segments[name],
  );
}

/** Signatures are right over whatever the bytes are. */
function credentialsOf(sent: Sent, rawPath: string): Record<string, string> {
  if (typeof sent.caller === 'object') return { ...sent.caller };
  if (sent.caller === 'webhook') return webhookHeaders(WEBHOOK_SECRET, sent.body, 'msg_1', new Date(NOW));
  const parameters = new URLSearchParams(sent.body.toString('utf8'));
  const query = sent.query === '' ? '' : `?${sent.query}`;
  const url = `${PUBLIC_URL}${rawPath}${query}`;
  const lists = Object.fromEntries([...parameters.keys()].map((key) => [key, parameters.getAll(key)]));
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'x-twilio-signature': twilio.getExpectedTwilioSignature(secretInput.authToken, url, lists),
  };
}

function eventOf(sent: Sent): unknown {
  const { route, segments, headers, isBare } = sent;
  const rawPath = pathOf(sent);
  const named = Object.entries(segments).filter(([name]) => route.includes(`{${name}}`));
  return {
    routeKey: route,
    rawPath,
    rawQueryString: sent.query,
    ...(isBare ? {} : { pathParameters: Object.fromEntries(named) }),
    headers: { ...headers, ...sent.contentType, ...credentialsOf(sent, rawPath) },
    body: sent.base64 ? sent.body.toString('base64') : sent.body.toString('utf8'),
    isBase64Encoded: sent.base64,
    requestContext: { requestId: 'request-1', ...(sent.iam ? { authorizer: { iam: sent.iam } } : {}) },
  };
}

test(`${CASES} requests of any bytes: never a 500, always a problem, nothing upstream for what is refused`, async () => {
  const { handler, lines, written } = apiOver(handlers, {
    secret: runtime.secret,
    environment: { iamScopes: ['trigger', 'read'] },
  });
  const statuses = new Map<number, number>();
  const kinds = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(request, async (sent) => {
      upstreamCalls = 0;
      const startMs = performance.now();
      const result = await handler(eventOf(sent) as Parameters<typeof handler>[0], {
        awsRequestId: 'lambda-1',
        getRemainingTimeInMillis: () => 29_000,
      });
      expect(performance.now() - startMs).toBeLessThan(SLOW_MS);
      const { statusCode } = result;
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
      const kind = lines().at(-1).callerKind ?? 'nobody';
      if (statusCode !== 403) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      written.length = 0;
      const answered = JSON.parse(result.body);
      if (statusCode < 400) return;
      expect(statusCode).not.toBe(500);
      expect(result.headers['content-type']).toBe('application/problem+json');
      const slug = String(answered.type).replace('/problems/', '');
      expect(problems).toHaveProperty([slug, 'status'], statusCode);
      expect(answered).toMatchObject({ status: statusCode, instance: 'request-1' });
      // What got in is answered by Studio, which knows nothing here; whatever else was refused by us.
      const gotIn = (slug === 'unknown-execution' || slug === 'unknown-flow') && namesOurs(sent);
      if (!gotIn) expect([slug, upstreamCalls]).toEqual([slug, 0]);
    }),
    { numRuns: CASES },
  );
  // Otherwise the cases would all end at the door.
  for (const status of [200, 201, 400, 401, 403, 404, 415, 422])
    expect([status, (statuses.get(status) ?? 0) > 0]).toEqual([status, true]);
  for (const kind of ['bearer', 'webhook', 'twilio', 'iam'])
    expect([kind, (kinds.get(kind) ?? 0) > 0]).toEqual([kind, true]);
}, 120_000);

test('an event that is none at all is answered too', async () => {
  const { handler } = apiOver(handlers);
  for (const event of [undefined, null, 42, 'text', [], {}, { requestContext: null, headers: [], body: 7 }]) {
    const result = await handler(event as unknown as Parameters<typeof handler>[0], {
      awsRequestId: 'lambda-1',
      getRemainingTimeInMillis: () => 29_000,
    });
    expect(result.statusCode).toBe(404);
  }
});
