import type { Config } from '../../config.ts';
import type { Answer } from '../request.ts';

/** GET /openapi.json. */
export function openApiAnswer(_config: Config): Answer {
  return { status: 200, body: { openapi: '3.1.0' } };
}
