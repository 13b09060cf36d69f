import { coldStart } from '../lib/aws/runtime.ts';
import { readHandlers } from '../lib/http/handlers/read-handlers.ts';
import { serve } from '../lib/http/serve.ts';
import { loadPool } from '../lib/studio/http/transport.ts';

const runtime = coldStart();
loadPool();
let document: unknown;

/** Everything that only reads; unmatched requests come here too and are answered with a problem. */
export const handler = serve(runtime, {
  ...readHandlers(runtime),
  'GET /openapi.json': async () => {
    const { openApiDocument } = await import('../lib/http/openapi/document.ts');
    document ??= openApiDocument(runtime.config);
    return { status: 200, body: document };
  },
  'HEAD /openapi.json': async () => ({ status: 200 }),
  'GET /health': async () => ({ status: 200, body: { status: 'ok' } }),
  'HEAD /health': async () => ({ status: 200 }),
});
