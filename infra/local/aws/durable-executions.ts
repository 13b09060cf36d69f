import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { FUNCTION_VERSION, type FunctionSpec } from '../host/environment.ts';
import { type FunctionHost, functionArn } from '../host/function-host.ts';
import { type DurableExecution, startExecution } from './durable-execution.ts';
import { AwsError } from './protocol.ts';

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

export type Executions = {
  /** Returns the existing execution for the same name and payload. Throws a 409 for another payload. */
  start(
    spec: FunctionSpec,
    payload: string,
    options: { name: string | undefined; arn: string },
  ): DurableExecution;
  find(arn: string): DurableExecution;
  /** Lists them in the order of their start. */
  list(functionName?: string): DurableExecution[];
  stopAll(): void;
};

/** Keeps the durable executions of the run, by ARN and by the name that makes their start idempotent. */
export function createExecutions(options: {
  host: FunctionHost;
  clock: Clock;
  log: ((line: string) => void) | undefined;
  maxOperations: number | undefined;
}): Executions {
  const { host, clock, log, maxOperations } = options;
  const byArn = new Map<string, DurableExecution>();
  const byName = new Map<string, { execution: DurableExecution; payloadHash: string }>();

  return {
    start(spec, payload, { name = randomUUID(), arn }) {
      if (!spec.durable || !NAME.test(name))
        throw new AwsError(400, 'InvalidParameterValueException', 'Invalid DurableExecutionName');
      const key = `${spec.name}/${name}`;
      const payloadHash = createHash('sha256').update(payload).digest('hex');
      const existing = byName.get(key);
      if (existing && existing.payloadHash !== payloadHash)
        throw new AwsError(
          409,
          'DurableExecutionAlreadyStartedException',
          `A durable execution named ${name} exists with another payload`,
        );
      if (existing) return existing.execution;
      const execution = startExecution({
        arn: `${functionArn(spec.name, FUNCTION_VERSION)}/durable-execution/${name}/${randomUUID()}`,
        name,
        functionName: spec.name,
        payload,
        timeoutMs: spec.durable.executionTimeoutMs,
        clock,
        invoke: (event, requestId) => host.invoke(spec.name, event, { arn, requestId }),
        log,
        maxOperations,
      });
      byArn.set(execution.arn, execution);
      byName.set(key, { execution, payloadHash });
      return execution;
    },
    find(arn) {
      const execution = byArn.get(arn);
      if (!execution) throw new AwsError(404, 'ResourceNotFoundException', `No durable execution ${arn}`);
      return execution;
    },
    list: (functionName) =>
      [...byArn.values()].filter(
        (execution) => functionName === undefined || execution.functionName === functionName,
      ),
    stopAll() {
      for (const execution of byArn.values()) execution.stop();
    },
  };
}
