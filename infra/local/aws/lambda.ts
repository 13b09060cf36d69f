import * as v from 'valibot';
import { type Clock, realClock } from '../clock.ts';
import { FUNCTION_VERSION } from '../host/environment.ts';
import { type FunctionHost, functionArn } from '../host/function-host.ts';
import type { InvocationResult } from '../host/function-protocol.ts';
import type { Exchange, Listening, Reply } from '../http.ts';
import { checkpointRequest, type DurableExecution } from './durable-execution.ts';
import { createExecutions, type Executions } from './durable-executions.ts';
import { AwsError, jsonObject, jsonReply, startStandIn, unsupported } from './protocol.ts';

const MAX_SYNCHRONOUS_BYTES = 6 * 1024 * 1024;
const MAX_ASYNCHRONOUS_BYTES = 1024 * 1024;
/** A checkpoint may carry a result that is too long for an answer. */
const MAX_BODY_BYTES = 2 * MAX_SYNCHRONOUS_BYTES;
const FUNCTION_REFERENCE =
  /^(?:arn:aws:lambda:[a-z0-9-]+:\d{12}:function:|\d{12}:function:)?([\w-]+)(?::([\w$-]+))?$/;
const QUALIFIERS = ['live', FUNCTION_VERSION, '$LATEST'];

export type LambdaStandIn = Listening & { executions: Executions };

/**
 * Starts a stand-in for Lambda: Invoke of the local bundles, and CheckpointDurableExecution and
 * GetDurableExecutionState, which the durable SDK in a bundle calls (API 2025-12-01).
 */
export async function startLambda(options: {
  host: FunctionHost;
  clock?: Clock;
  log?: (line: string) => void;
  /** Lowered in tests, to reach the limit sooner. */
  maxOperations?: number;
}): Promise<LambdaStandIn> {
  const { host, clock = realClock, log, maxOperations } = options;
  const executions = createExecutions({ host, clock, log, maxOperations });

  const find = (reference: string, qualifierParameter: string | null) => {
    const [, name = '', suffix] = FUNCTION_REFERENCE.exec(reference) ?? [];
    const qualifier = qualifierParameter ?? suffix;
    const spec = host.spec(name);
    const arn = functionArn(name, qualifier);
    if (!spec || (qualifier !== undefined && !QUALIFIERS.includes(qualifier)))
      throw new AwsError(404, 'ResourceNotFoundException', `Function not found: ${arn}`);
    return { spec, qualifier, arn };
  };

  const invoke = async ({ headers, query, body }: Exchange, reference: string): Promise<Reply> => {
    const { spec, qualifier, arn } = find(reference, query.get('Qualifier'));
    const type = headers['x-amz-invocation-type'] ?? 'RequestResponse';
    if (type !== 'RequestResponse' && type !== 'Event')
      throw unsupported(400, 'InvalidParameterValueException', `the invocation type ${type}`);
    const isEvent = type === 'Event';
    const name = headers['x-amz-durable-execution-name']?.toString();
    const payload = payloadOf(body, isEvent ? MAX_ASYNCHRONOUS_BYTES : MAX_SYNCHRONOUS_BYTES);
    if (spec.durable) {
      if (qualifier === undefined)
        throw new AwsError(
          400,
          'InvalidParameterValueException',
          'You cannot invoke a durable function using an unqualified ARN.',
        );
      const execution = executions.start(spec, payload, { name, arn });
      const started = { 'x-amz-durable-execution-arn': execution.arn };
      if (isEvent) return { status: 202, headers: started };
      await execution.ended;
      return invocationReply(resultOf(execution), started);
    }
    if (name !== undefined)
      throw new AwsError(400, 'InvalidParameterValueException', `${spec.name} is not a durable function`);
    if (isEvent)
      throw unsupported(400, 'InvalidParameterValueException', 'an Event for a function that is not durable');
    return invocationReply(await host.invoke(spec.name, payload, { arn }), {});
  };

  const checkpoint = (execution: DurableExecution, body: Buffer): object => {
    const request = v.safeParse(checkpointRequest, jsonObject(body));
    if (request.success) return execution.checkpoint(request.output);
    throw new AwsError(400, 'InvalidParameterValueException', v.summarize(request.issues));
  };

  const answer = async (exchange: Exchange): Promise<Reply> => {
    const { method, path, query, body } = exchange;
    const invoked = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path)?.[1];
    if (method === 'POST' && invoked) return invoke(exchange, decodeURIComponent(invoked));
    const [, arn = '', action] =
      /^\/2025-12-01\/durable-executions\/([^/]+)\/(checkpoint|state)$/.exec(path) ?? [];
    const operation = `${method} ${action}`;
    if (operation !== 'POST checkpoint' && operation !== 'GET state')
      throw unsupported(404, 'UnknownOperationException', `${method} ${path}`);
    const execution = executions.find(decodeURIComponent(arn));
    return jsonReply(
      200,
      action === 'checkpoint'
        ? checkpoint(execution, body)
        : execution.state(query.get('CheckpointToken') ?? '', query.get('Marker') ?? undefined),
    );
  };

  const server = await startStandIn({ maxBodyBytes: MAX_BODY_BYTES, answer });
  return {
    ...server,
    executions,
    async close() {
      executions.stopAll();
      await server.close();
    },
  };
}

function payloadOf(body: Buffer, maxBytes: number): string {
  if (body.length > maxBytes)
    throw new AwsError(413, 'RequestTooLargeException', `More than ${maxBytes} bytes`);
  const text = body.length === 0 ? '{}' : body.toString();
  try {
    JSON.parse(text);
  } catch {
    throw new AwsError(400, 'InvalidRequestContentException', 'Could not parse request body into json');
  }
  return text;
}

function invocationReply(result: InvocationResult, headers: Record<string, string>): Reply {
  const failed = result.outcome !== 'answered';
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'x-amz-executed-version': FUNCTION_VERSION,
      ...(failed && { 'x-amz-function-error': 'Unhandled' }),
      ...headers,
    },
    body: failed ? result.error : result.payload,
  };
}

function resultOf({ status, result, error }: DurableExecution): InvocationResult {
  if (status === 'SUCCEEDED') return { outcome: 'answered', payload: result ?? 'null' };
  const { ErrorType = status, ErrorMessage = status } = error ?? {};
  return { outcome: 'threw', error: JSON.stringify({ errorType: ErrorType, errorMessage: ErrorMessage }) };
}
