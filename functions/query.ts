import { coldStart } from '../lib/aws/runtime.ts';
import { readHandlers } from '../lib/http/handlers/read-handlers.ts';
import { openApiAnswer } from '../lib/http/openapi/answer.ts';
import { serve } from '../lib/http/serve.ts';
import { loadPool } from '../lib/studio/http/pool.ts';

const runtime = coldStart();
loadPool();

/** Everything that only reads; unmatched requests come here too and are answered with a problem. */
export const handler = serve(runtime, {
  ...readHandlers(runtime),
  'GET /openapi.json': async () => openApiAnswer(runtime.config),
  'HEAD /openapi.json': async () => ({ status: 200 }),
  'GET /health': async () => ({ status: 200, body: { status: 'ok' } }),
  'HEAD /health': async () => ({ status: 200 }),
});
