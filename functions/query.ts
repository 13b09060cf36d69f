import { coldStart } from '../lib/aws/runtime.ts';
import { openApiAnswer } from '../lib/http/openapi/answer.ts';
import { fetchContext, fetchExecution } from '../lib/http/query/executions.ts';
import { fetchFlow, listFlows } from '../lib/http/query/flows.ts';
import { listAllExecutions, listFlowExecutions } from '../lib/http/query/list-executions.ts';
import { fetchStep, fetchStepContext, listSteps } from '../lib/http/query/steps.ts';
import { serve } from '../lib/http/serve.ts';
import { loadPool } from '../lib/studio/pool.ts';

const runtime = coldStart();
loadPool();

/** Everything that only reads; unmatched requests come here too and are answered with a problem. */
export const handler = serve(runtime, {
  'GET /flows': (request) => listFlows(runtime, request),
  'GET /flows/{flow}': (request) => fetchFlow(runtime, request),
  'GET /executions': (request) => listAllExecutions(runtime, request),
  'GET /flows/{flow}/executions': (request) => listFlowExecutions(runtime, request),
  'GET /flows/{flow}/executions/{execution}': (request) => fetchExecution(runtime, request),
  'GET /flows/{flow}/executions/{execution}/context': (request) => fetchContext(runtime, request),
  'GET /flows/{flow}/executions/{execution}/steps': (request) => listSteps(runtime, request),
  'GET /flows/{flow}/executions/{execution}/steps/{step}': (request) => fetchStep(runtime, request),
  'GET /flows/{flow}/executions/{execution}/steps/{step}/context': (request) =>
    fetchStepContext(runtime, request),
  'GET /openapi.json': async () => openApiAnswer(runtime.config),
  'GET /health': async () => ({ status: 200, body: { status: 'ok' } }),
});
