import { randomUUID } from 'node:crypto';
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
  const { host, ...shared } = options;
  const executions: DurableExecution[] = [];
  const list = (functionName?: string) =>
    executions.filter((one) => functionName === undefined || one.functionName === functionName);

  return {
    list,
    start(spec, payload, { name = randomUUID(), arn }) {
      if (!spec.durable || !NAME.test(name))
        throw new AwsError(400, 'InvalidParameterValueException', 'Invalid DurableExecutionName');
      const existing = list(spec.name).find((one) => one.name === name);
      if (existing && existing.payload !== payload)
        throw new AwsError(
          409,
          'DurableExecutionAlreadyStartedException',
          `A durable execution named ${name} exists with another payload`,
        );
      if (existing) return existing;
      const execution = startExecution({
        ...shared,
        arn: `${functionArn(spec.name, FUNCTION_VERSION)}/durable-execution/${name}/${randomUUID()}`,
        name,
        functionName: spec.name,
        payload,
        timeoutMs: spec.durable.executionTimeoutMs,
        invoke: (event, requestId) => host.invoke(spec.name, event, { arn, requestId }),
      });
      executions.push(execution);
      return execution;
    },
    find(arn) {
      const execution = executions.find((one) => one.arn === arn);
      if (!execution) throw new AwsError(404, 'ResourceNotFoundException', `No durable execution ${arn}`);
      return execution;
    },
    stopAll() {
      for (const execution of executions) execution.stop();
    },
  };
}
