import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { Clock } from '../clock.ts';
import type { InvocationResult } from '../host/function-protocol.ts';
import {
  createJournal,
  type ErrorObject,
  errorObject,
  type Journal,
  type Operation,
  type OperationUpdate,
  operationUpdate,
} from './durable-journal.ts';
import { AwsError } from './protocol.ts';

/** Small, so that a longer run also reads its state by GetDurableExecutionState. */
const OPERATIONS_IN_EVENT = 50;
const OPERATIONS_A_PAGE = 1_000;
/** An invocation that died is repeated after 1 s, then 2, 4, … at most a minute. */
const FIRST_REPEAT_MS = 1_000;
const LONGEST_REPEAT_MS = 60_000;

export const checkpointRequest = v.object({
  CheckpointToken: v.string(),
  ClientToken: v.optional(v.string()),
  Updates: v.optional(v.array(operationUpdate), []),
});

/** What a durable function answers an invocation with. */
const invocationAnswer = v.variant('Status', [
  v.object({ Status: v.literal('PENDING') }),
  v.object({ Status: v.literal('SUCCEEDED'), Result: v.optional(v.string()) }),
  v.object({ Status: v.literal('FAILED'), Error: v.optional(errorObject) }),
]);

type Outcome = { result?: string | undefined; error?: ErrorObject | undefined };

type ExecutionOptions = {
  arn: string;
  name: string;
  functionName: string;
  payload: string;
  timeoutMs: number;
  clock: Clock;
  invoke: (event: string, requestId: string) => Promise<InvocationResult>;
  /** Called for each invocation that died. */
  log: ((line: string) => void) | undefined;
  maxOperations: number | undefined;
};

export type DurableExecution = Pick<ExecutionOptions, 'arn' | 'name' | 'functionName' | 'payload'> &
  Outcome & {
    status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED';
    invocations: number;
    readonly journal: Pick<Journal, 'operationCount' | 'nextDueMs'>;
    /** Settles when the execution has ended. */
    readonly ended: Promise<void>;
    checkpoint(request: v.InferOutput<typeof checkpointRequest>): object;
    state(token: string, marker: string | undefined): object;
    stop(): void;
  };

/**
 * Runs one durable execution: invokes the function, keeps its checkpoints, and invokes it again when a wait
 * ends, a retry is due or an invocation has died.
 */
export function startExecution(options: ExecutionOptions): DurableExecution {
  const { clock, arn, name, functionName, payload, maxOperations } = options;
  const journal = createJournal({ payload, now: () => clock.now(), maxOperations });
  const ended = Promise.withResolvers<void>();
  const timers = { operation: () => {}, repeat: () => {}, timeout: () => {} };
  let repeats = 0;
  let token: string = randomUUID();
  let isInvoking = false;
  let lastCheckpoint: { clientToken: string | undefined; answer: object } | undefined;

  const finish = (status: DurableExecution['status'], outcome: Outcome = {}) => {
    if (execution.status !== 'RUNNING') return;
    Object.assign(execution, outcome, { status });
    for (const cancel of Object.values(timers)) cancel();
    ended.resolve();
  };

  /** Sets one timer, for the operation that falls due first. */
  const armTimer = () => {
    timers.operation();
    const dueMs = journal.nextDueMs();
    if (dueMs === undefined || execution.status !== 'RUNNING') return;
    timers.operation = clock.after(dueMs - clock.now(), () => {
      journal.settleDue();
      armTimer();
      void invoke();
    });
  };

  const invoke = async () => {
    if (execution.status !== 'RUNNING' || isInvoking) return;
    isInvoking = true;
    execution.invocations++;
    token = randomUUID();
    const event = JSON.stringify({
      DurableExecutionArn: arn,
      CheckpointToken: token,
      InitialExecutionState: pageOf(journal.all(), 0, OPERATIONS_IN_EVENT),
      UpdatedOperationIds: journal.takeChanged().map(({ Id }) => Id),
    });
    const answered = await options.invoke(event, randomUUID());
    isInvoking = false;
    if (execution.status !== 'RUNNING') return;
    if (answered.outcome !== 'answered') return repeat(answered.error);
    repeats = 0;
    conclude(answered.payload);
  };

  const conclude = (text: string) => {
    const { success, output } = v.safeParse(invocationAnswer, JSON.parse(text));
    if (!success)
      finish('FAILED', { error: { ErrorType: 'Runtime.InvalidAnswer', ErrorMessage: 'No durable answer' } });
    else if (output.Status === 'SUCCEEDED') finish('SUCCEEDED', { result: output.Result });
    else if (output.Status === 'FAILED') finish('FAILED', { error: output.Error });
    // An operation fell due while the invocation was still running.
    else if (journal.hasChanged()) void invoke();
  };

  const repeat = (why: string) => {
    const delayMs = Math.min(FIRST_REPEAT_MS * 2 ** repeats++, LONGEST_REPEAT_MS);
    options.log?.(`${name}: an invocation died, again in ${delayMs} ms: ${why}`);
    timers.repeat = clock.after(delayMs, () => void invoke());
  };

  const requireToken = (given: string) => {
    if (execution.status !== 'RUNNING' || given !== token)
      throw new AwsError(400, 'InvalidParameterValueException', 'Invalid Checkpoint Token');
  };

  const apply = (updates: readonly OperationUpdate[]) => {
    try {
      journal.apply(updates);
    } catch (cause) {
      if (cause instanceof AwsError && cause.code === 'ServiceQuotaExceededException')
        finish('FAILED', { error: { ErrorType: cause.code, ErrorMessage: cause.message } });
      throw cause;
    }
    const last = updates.at(-1);
    if (last?.Type === 'EXECUTION')
      finish(last.Action === 'SUCCEED' ? 'SUCCEEDED' : 'FAILED', { result: last.Payload, error: last.Error });
  };

  const execution: DurableExecution = {
    arn,
    name,
    functionName,
    payload,
    status: 'RUNNING',
    invocations: 0,
    journal,
    ended: ended.promise,
    checkpoint({ CheckpointToken, ClientToken: clientToken, Updates }) {
      // The SDK repeats a request whose answer was lost, with the same client token.
      if (clientToken !== undefined && lastCheckpoint?.clientToken === clientToken)
        return lastCheckpoint.answer;
      requireToken(CheckpointToken);
      apply(Updates);
      journal.settleDue();
      armTimer();
      token = randomUUID();
      const NewExecutionState = { Operations: inSeconds(journal.takeChanged()) };
      const answer = { CheckpointToken: token, NewExecutionState };
      lastCheckpoint = { clientToken, answer };
      return answer;
    },
    state(given, marker) {
      requireToken(given);
      const { Operations, ...next } = pageOf(journal.all(), Number(marker ?? 0), OPERATIONS_A_PAGE);
      return { Operations: inSeconds(Operations), ...next };
    },
    stop: () => finish('STOPPED'),
  };
  timers.timeout = clock.after(options.timeoutMs, () => finish('TIMED_OUT'));
  // In a microtask, so that the caller has the ARN first.
  queueMicrotask(() => void invoke());
  return execution;
}

function pageOf(operations: Operation[], from: number, size: number) {
  const end = from + size;
  return {
    Operations: operations.slice(from, end),
    ...(end < operations.length && { NextMarker: String(end) }),
  };
}

/** Lambda's API gives times in seconds. */
function inSeconds(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1_000;
  if (Array.isArray(value)) return value.map(inSeconds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inSeconds(inner)]));
}
