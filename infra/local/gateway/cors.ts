import type { Exchange, Reply } from '../http.ts';

// The same methods and headers as in infra/constructs/api/http-api.ts.
const METHODS = 'GET,POST,DELETE';
const REQUEST_HEADERS = 'authorization,content-type,idempotency-key';
const EXPOSED_HEADERS = 'idempotent-replayed,location,retry-after';
const MAX_AGE_S = '3600';

type Headers = Record<string, string>;

/** The headers that an HTTP API adds to an answer: none for an origin that is not configured. */
export function corsHeaders({ headers: { origin } }: Exchange, origins: readonly string[]): Headers {
  if (origin === undefined) return {};
  if (origins.includes('*')) return { 'access-control-allow-origin': '*', ...exposed };
  if (!origins.includes(origin)) return {};
  return { 'access-control-allow-origin': origin, vary: 'Origin', ...exposed };
}

const exposed: Headers = { 'access-control-expose-headers': EXPOSED_HEADERS };

/**
 * Answers a preflight, as an HTTP API does once origins are configured. Returns null for any other request.
 */
export function preflightReply(exchange: Exchange, origins: readonly string[]): Reply | null {
  const { method, headers } = exchange;
  if (origins.length === 0 || method !== 'OPTIONS' || !headers['access-control-request-method']) return null;
  const allowed = corsHeaders(exchange, origins);
  if (Object.keys(allowed).length === 0) return { status: 204 };
  return {
    status: 204,
    headers: {
      ...allowed,
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': REQUEST_HEADERS,
      'access-control-max-age': MAX_AGE_S,
    },
  };
}
