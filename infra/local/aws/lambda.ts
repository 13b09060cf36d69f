import * as v from 'valibot';
import { type Clock, realClock } from '../clock.ts';
import {
  FUNCTION_VERSION,
  type FunctionHost,
  type FunctionSpec,
  functionArn,
  type InvocationResult,
} from '../host/function-host.ts';
import { type Exchange, type Listening, listen, type Reply } from '../http.ts';
import type { DurableExecution } from './durable-execution.ts';
import { createExecutions, type Executions } from './durable-executions.ts';
import { apiTime, checkpointRequest } from './durable-wire.ts';
import { AwsError, answering, errorReply, jsonObject, jsonReply, requireSignature } from './protocol.ts';

/**
 * A stand-in for Lambda's API: Invoke of the local bundles, and the durable executions (API 2025-12-01) that
 * the durable SDK inside a bundle talks to.
 */

const MAX_SYNCHRONOUS_BYTES = 6 * 1024 * 1024;
const MAX_ASYNCHRONOUS_BYTES = 1024 * 1024;
const FUNCTION_REFERENCE =
  /^(?:arn:aws:lambda:[a-z0-9-]+:\d{12}:function:|\d{12}:function:)?([\w-]+)(?::([\w$-]+))?$/;
/** An asynchronous invocation that failed is repeated twice (Lambda developer guide, "Error handling"). */
const ASYNCHRONOUS_REPEATS_MS = [60_000, 120_000];

export type LambdaStandIn = Listening & { executions: Executions };

export async function startLambda(options: {
  host: FunctionHost;
  clock?: Clock;
  /** Aliases that point to the one version there is. */
  aliases?: readonly string[];
  log?: (line: string) => void;
  /** Tests lower the real cap to reach it sooner. */
  maxOperations?: number;
}): Promise<LambdaStandIn> {
  const { host, clock = realClock, aliases = ['live'], log, maxOperations } = options;
  const executions = createExecutions({ host, clock, log, maxOperations });

  const find = (reference: string, qualifierParameter: string | null) => {
    const [, name = '', suffix] = FUNCTION_REFERENCE.exec(reference) ?? [];
    const qualifier = qualifierParameter ?? suffix;
    const spec = host.spec(name);
    const known = qualifier === undefined || [...aliases, FUNCTION_VERSION, '$LATEST'].includes(qualifier);
    if (!spec || !known)
      throw new AwsError(
        404,
        'ResourceNotFoundException',
        `Function not found: ${functionArn(name, qualifier)}`,
      );
    return { spec, qualifier, arn: functionArn(name, qualifier) };
  };

  const runAsynchronously = async (spec: FunctionSpec, payload: string, arn: string) => {
    for (const delayMs of [...ASYNCHRONOUS_REPEATS_MS, null]) {
      const result = await host.invoke(spec.name, payload, { arn });
      if (result.outcome === 'answered' || delayMs === null) return;
      await new Promise<void>((resolve) => clock.after(delayMs, resolve));
    }
  };

  const invoke = async ({ headers, query, body }: Exchange, reference: string): Promise<Reply> => {
    const { spec, qualifier, arn } = find(reference, query.get('Qualifier'));
    const type = headers['x-amz-invocation-type'] ?? 'RequestResponse';
    const name = headers['x-amz-durable-execution-name'];
    const payload = payloadOf(body, type === 'Event' ? MAX_ASYNCHRONOUS_BYTES : MAX_SYNCHRONOUS_BYTES);
    if (type === 'DryRun') return { status: 204 };
    if (spec.durable) {
      if (qualifier === undefined)
        throw new AwsError(
          400,
          'InvalidParameterValueException',
          'You cannot invoke a durable function using an unqualified ARN.',
        );
      const execution = executions.start(spec, payload, {
        name: name === undefined ? undefined : String(name),
        arn,
      });
      const started = { 'x-amz-durable-execution-arn': execution.arn };
      if (type === 'Event') return { status: 202, headers: started };
      await execution.ended;
      return invocationReply(resultOf(execution), started);
    }
    if (name !== undefined)
      throw new AwsError(400, 'InvalidParameterValueException', `${spec.name} is not a durable function`);
    if (type === 'Event') {
      void runAsynchronously(spec, payload, arn);
      return { status: 202 };
    }
    return invocationReply(await host.invoke(spec.name, payload, { arn }), {});
  };

  const durable = (method: string, path: string, { query, body }: Exchange): Reply | null => {
    const [, arn = '', action = ''] =
      /^\/2025-12-01\/durable-executions\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
    if (arn === '') return null;
    const execution = executions.find(decodeURIComponent(arn));
    switch (`${method} ${action}`) {
      case 'POST checkpoint': {
        const request = v.safeParse(checkpointRequest, jsonObject(body));
        if (!request.success)
          throw new AwsError(400, 'InvalidParameterValueException', v.summarize(request.issues));
        return jsonReply(200, execution.checkpoint(request.output));
      }
      case 'GET state':
        return jsonReply(
          200,
          execution.state(
            query.get('CheckpointToken') ?? '',
            query.get('Marker') ?? undefined,
            Number(query.get('MaxItems') ?? 0) || undefined,
          ),
        );
      case 'POST stop':
        execution.stop();
        return jsonReply(200, { StopTimestamp: apiTime(execution.endedMs ?? clock.now()) });
      case 'GET ':
        return jsonReply(200, {
          ...summaryOf(execution),
          InputPayload: execution.payload,
          Result: execution.result,
          Error: execution.error,
          Version: FUNCTION_VERSION,
        });
      default:
        return null;
    }
  };

  const answer = async (exchange: Exchange): Promise<Reply> => {
    requireSignature(exchange.headers);
    const { method, path } = exchange;
    const invoked = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path)?.[1];
    if (method === 'POST' && invoked) return invoke(exchange, decodeURIComponent(invoked));
    const listed = /^\/2025-12-01\/functions\/([^/]+)\/durable-executions$/.exec(path)?.[1];
    if (method === 'GET' && listed) {
      const { spec } = find(decodeURIComponent(listed), null);
      return jsonReply(200, { DurableExecutions: executions.list(spec.name).map(summaryOf) });
    }
    const reply = durable(method, path, exchange);
    if (!reply) throw new AwsError(404, 'UnknownOperationException', `No such operation: ${method} ${path}`);
    return reply;
  };

  const server = await listen({
    // A checkpoint may carry a result that is too long for an answer.
    maxBodyBytes: 2 * MAX_SYNCHRONOUS_BYTES,
    tooLarge: errorReply(new AwsError(413, 'RequestTooLargeException', 'The request is too large')),
    answer: (exchange) => answering(() => answer(exchange)),
  });
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

function summaryOf({ arn, name, functionName, status, startedMs, endedMs }: DurableExecution) {
  return {
    DurableExecutionArn: arn,
    DurableExecutionName: name,
    FunctionArn: functionArn(functionName),
    Status: status,
    StartTimestamp: apiTime(startedMs),
    ...(endedMs !== undefined && { EndTimestamp: apiTime(endedMs) }),
  };
}
