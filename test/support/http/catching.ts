import type { AdmittedRequest, Caller, Handlers } from '../../../lib/http/request.ts';
import { apiOver } from './api.ts';

const TRIGGER = 'POST /flows/{flow}/executions';

type Seen = Pick<AdmittedRequest, 'caller' | 'body' | 'query' | 'idempotencyKey' | 'unsignedKey'>;

/** Answers whatever gets in, and remembers it. */
export function catching(runtime: Parameters<typeof apiOver>[1] = {}) {
  const seen: {
    caller: Caller | null;
    body: unknown;
    key: string | null;
    unsignedKey: string | null | undefined;
    query: unknown;
  }[] = [];
  const answer = async (request: Seen) => {
    const { caller, body, query, idempotencyKey: key, unsignedKey } = request;
    seen.push({ caller, body, query, key, unsignedKey });
    return { status: 200, body: { outcome: 'ok' } };
  };
  const handlers: Handlers = {
    [TRIGGER]: answer,
    'GET /flows/{flow}/executions': answer,
    'GET /flows/{flow}/executions/{execution}': answer,
    'GET /flows/{flow}/executions/{execution}/context': answer,
    'DELETE /flows/{flow}/executions/{execution}': answer,
    'POST /purges': answer,
    'GET /purges/{purge}': answer,
    'GET /health': answer,
  };
  return { ...apiOver(handlers, runtime), seen };
}
