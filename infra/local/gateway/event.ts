import { randomBytes } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { ACCOUNT_ID } from '../aws/protocol.ts';
import type { Exchange } from '../http.ts';
import { decode, type RouteMatch } from './match.ts';

/**
 * The event that an HTTP API hands to Lambda, payload format 2.0 (API Gateway developer guide, "Working with
 * AWS Lambda proxy integrations for HTTP APIs").
 */

/** How a form body arrives: API Gateway encodes it, other emulators do not, and the functions take both. */
export type FormBodies = 'base64' | 'plain';

const API_ID = 'local';
/** What API Gateway passes on as text; everything else, forms and a missing type included, is encoded. */
const TEXT_TYPES = /^(?:text\/.*|application\/(?:json|xml|javascript))$/;
const FORM_TYPE = 'application/x-www-form-urlencoded';
const DEFAULT_ROUTE = '$default';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

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
        sourceIp: exchange.remoteAddress,
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

/** Names in lower case, repeated ones joined by commas; cookies stand in their own member. */
function headersOf({ rawHeaders, remoteAddress, headers: { host } }: Exchange) {
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  for (const [rawName, value] of rawHeaders) {
    const name = rawName.toLowerCase();
    if (name === 'cookie') cookies.push(...value.split(/;\s*/).filter((cookie) => cookie !== ''));
    else if (!HOP_BY_HOP.has(name))
      headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  headers['x-forwarded-for'] = headers['x-forwarded-for']
    ? `${headers['x-forwarded-for']}, ${remoteAddress}`
    : remoteAddress;
  headers['x-forwarded-port'] = /:(\d+)$/.exec(host ?? '')?.[1] ?? '80';
  headers['x-forwarded-proto'] = 'http';
  headers['x-amzn-trace-id'] ??=
    `Root=1-${randomBytes(4).toString('hex')}-${randomBytes(12).toString('hex')}`;
  return { headers, cookies };
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'upgrade', 'expect']);

/** A repeated parameter's values are joined by commas; none at all: the member is missing. */
function queryOf(query: URLSearchParams): Record<string, string> | undefined {
  const joined: Record<string, string> = {};
  for (const [name, value] of query)
    joined[name] = joined[name] === undefined ? value : `${joined[name]},${value}`;
  return query.size > 0 ? joined : undefined;
}

function bodyOf({ body, headers }: Exchange, formBodies: FormBodies) {
  if (body.length === 0) return { isBase64Encoded: false };
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const text = TEXT_TYPES.test(type) || (type === FORM_TYPE && formBodies === 'plain');
  return { body: body.toString(text ? 'utf8' : 'base64'), isBase64Encoded: !text };
}

/** As in `12/Mar/2020:19:03:58 +0000`. */
function commonLogTime(epochMs: number): string {
  const [date = '', time = ''] = new Date(epochMs).toISOString().split('T');
  const [year, month, day] = date.split('-');
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}
