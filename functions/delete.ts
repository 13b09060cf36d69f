import { coldStart } from '../lib/aws/runtime.ts';
import { deleteExecution } from '../lib/http/handlers/delete-execution.ts';
import { serve } from '../lib/http/serve.ts';
import { loadPool } from '../lib/studio/http/transport.ts';

const runtime = coldStart();
loadPool();

/** Deletes one execution with its steps; purges delete many. */
export const handler = serve(runtime, {
  'DELETE /flows/{flow}/executions/{execution}': (request) => deleteExecution(runtime, request),
});
