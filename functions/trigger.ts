import { coldStart } from '../lib/aws/runtime.ts';
import { triggerPorts } from '../lib/aws/trigger-ports.ts';
import { triggerAnswer, withoutForeignSid } from '../lib/http/handlers/trigger.ts';
import { serve } from '../lib/http/serve.ts';
import { trigger } from '../lib/trigger/trigger.ts';

const runtime = coldStart(process.env, ['table']);
const ports = triggerPorts(runtime);
// The handshake of the first create runs beside the secret's round trip, …
runtime.studio.prepare();

export const handler = serve(runtime, {
  'POST /flows/{flow}/executions': async (request) => {
    // … and that of a later one beside the claim.
    runtime.studio.prepare();
    const { caller, ...wanted } = request;
    const triggered = await trigger(ports, { ...wanted, caller: caller.id });
    return triggerAnswer(
      await withoutForeignSid(runtime.studio.executions, triggered, request),
      request.flow,
    );
  },
});
