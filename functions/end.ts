import { coldStart } from '../lib/aws/runtime.ts';
import { endExecution } from '../lib/http/handlers/end-execution.ts';
import { serve } from '../lib/http/serve.ts';
import { loadPool } from '../lib/studio/http/transport.ts';

const runtime = coldStart();
loadPool();

/** Ends an execution that is stuck, so that its contact can be reached again. */
export const handler = serve(runtime, {
  'POST /flows/{flow}/executions/{execution}/end': (request) => endExecution(runtime, request),
});
