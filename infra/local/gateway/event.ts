import { randomBytes } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { ACCOUNT_ID } from '../aws/protocol.ts';
import { type Exchange, LOOPBACK } from '../http.ts';
import { decode, type RouteMatch } from './match.ts';

/** How a form body arrives: API Gateway encodes it, and other emulators do not. */
export type FormBodies = 'base64' | 'plain';

const API_ID = 'local';
/** What API Gateway passes on as text. It encodes everything else, forms and a missing type included. */
const TEXT_TYPES = /^(?:text\/.*|application\/(?:json|xml|javascript))$/;
const FORM_TYPE = 'application/x-www-form-urlencoded';
const DEFAULT_ROUTE = '$default';
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'upgrade', 'expect']);

/**
 * Makes the event that an HTTP API hands to Lambda, payload format 2.0 (API Gateway developer guide, "Working
 * with AWS Lambda proxy integrations for HTTP APIs").
 */
export function eventFor(
  exchange: Exchange,
  match: RouteMatch | null,
  { nowMs, formBodies }: { nowMs: number; formBodies: FormBodies },
): APIGatewayProxyEventV2 {
  const { headers, cookies } = headersOf(exchange);
  // HTTP APIs hand the path over decoded, unlike REST APIs and function URLs.
  const rawPath = decode(exchange.path);
  const routeKey = match?.routeKey ?? DEFAULT_ROUTE;
  const domainName = String(exchange.headers.host ?? '').replace(/:\d+$/, '');
  const query = queryOf(exchange.query);
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString: exchange.rawQuery,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(query && { queryStringParameters: query }),
    requestContext: {
      accountId: ACCOUNT_ID,
      apiId: API_ID,
      domainName,
      domainPrefix: domainName.split('.')[0] ?? '',
      http: {
        method: exchange.method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: LOOPBACK,
        userAgent: exchange.headers['user-agent'] ?? '',
      },
      requestId: `${randomBytes(11).toString('base64url')}=`,
      routeKey,
      stage: DEFAULT_ROUTE,
      time: commonLogTime(nowMs),
      timeEpoch: nowMs,
    },
    ...(match && Object.keys(match.pathParameters).length > 0 && { pathParameters: match.pathParameters }),
    ...bodyOf(exchange, formBodies),
  };
}

function headersOf({ headers: { host }, headerValues: { cookie = [], ...values } }: Exchange) {
  const sent: Record<string, string> = {};
  for (const [name, all = []] of Object.entries(values))
    if (!HOP_BY_HOP.has(name)) sent[name] = all.join(',');
  const { 'x-forwarded-for': forwarded } = sent;
  return {
    headers: {
      'x-amzn-trace-id': `Root=1-${randomBytes(4).toString('hex')}-${randomBytes(12).toString('hex')}`,
      ...sent,
      'x-forwarded-for': forwarded ? `${forwarded}, ${LOOPBACK}` : LOOPBACK,
      'x-forwarded-port': /:(\d+)$/.exec(host ?? '')?.[1] ?? '80',
      'x-forwarded-proto': 'http',
    },
    cookies: cookie.flatMap((line) => line.split(/;\s*/)).filter((one) => one !== ''),
  };
}

/** Joins a repeated parameter's values by commas. Returns undefined for an empty query. */
function queryOf(query: URLSearchParams): Record<string, string> | undefined {
  const joined = Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name).join(',')]));
  return query.size > 0 ? joined : undefined;
}

function bodyOf({ body, headers }: Exchange, formBodies: FormBodies) {
  if (body.length === 0) return { isBase64Encoded: false };
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const text = TEXT_TYPES.test(type) || (type === FORM_TYPE && formBodies === 'plain');
  return { body: body.toString(text ? 'utf8' : 'base64'), isBase64Encoded: !text };
}

/** Formats a time as in `12/Mar/2020:19:03:58 +0000`. */
function commonLogTime(epochMs: number): string {
  const [, day, month, year, time] = new Date(epochMs).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
