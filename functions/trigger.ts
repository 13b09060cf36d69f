import { coldStart } from '../lib/aws/runtime.ts';
import { triggerPorts } from '../lib/aws/trigger-ports.ts';
import { serve } from '../lib/http/serve.ts';
import { triggerAnswer } from '../lib/http/trigger-answer.ts';
import { trigger } from '../lib/trigger/trigger.ts';

const runtime = coldStart(process.env, ['table']);
const ports = triggerPorts(runtime);

export const handler = serve(runtime, {
  'POST /flows/{flow}/executions': async ({
    caller,
    route,
    flow,
    body,
    idempotencyKey,
    deadlineMs,
    signal,
  }) =>
    triggerAnswer(
      await trigger(ports, { caller: caller.id, route, flow, body, idempotencyKey, deadlineMs, signal }),
      flow,
    ),
});
