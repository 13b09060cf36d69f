import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { routeKeys, UNMATCHED_ROUTE } from '../../../lib/http/routes.ts';

export type EventOptions = {
  headers?: Record<string, string>;
  body?: string | Buffer;
  base64?: boolean;
  requestId?: string;
  iam?: Record<string, string>;
};

/** What API Gateway makes of a request: `target` is `METHOD /path?query`, the route is found as it does. */
export function eventOf(target: string, options: EventOptions = {}): APIGatewayProxyEventV2 {
  const [method = '', pathAndQuery = ''] = target.split(/ (.*)/s);
  const [rawPath = '', rawQueryString = ''] = pathAndQuery.split(/\?(.*)/s);
  const { routeKey, pathParameters } = matchRoute(method, rawPath);
  const { body = '', base64 = Buffer.isBuffer(body), headers = {}, requestId = 'request-1', iam } = options;
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    headers: { host: 'attacker.example', ...headers },
    ...(pathParameters ? { pathParameters } : {}),
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName: 'attacker.example',
      domainPrefix: 'api',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId,
      routeKey,
      stage: '$default',
      time: '22/Nov/2026:10:00:00 +0000',
      timeEpoch: 0,
      ...(iam ? { authorizer: { iam } } : {}),
    },
    ...(body.length > 0 ? { body: base64 ? Buffer.from(body).toString('base64') : body.toString() } : {}),
    isBase64Encoded: base64,
  };
}

function matchRoute(method: string, path: string) {
  const segments = path.split('/');
  for (const key of routeKeys) {
    const [routeMethod, template = ''] = key.split(' ');
    const parts = template.split('/');
    if (routeMethod !== method || parts.length !== segments.length) continue;
    if (!parts.every((part, at) => part.startsWith('{') || part === segments[at])) continue;
    const found = parts.flatMap((part, at) =>
      part.startsWith('{') ? [[part.slice(1, -1), decode(segments[at] ?? '')]] : [],
    );
    return { routeKey: key, pathParameters: found.length > 0 ? Object.fromEntries(found) : undefined };
  }
  return { routeKey: UNMATCHED_ROUTE, pathParameters: undefined };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
