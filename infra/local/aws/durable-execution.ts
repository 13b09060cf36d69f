import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { Clock } from '../clock.ts';
import type { InvocationResult } from '../host/function-host.ts';
import { createJournal, type Journal, QuotaExceeded } from './durable-journal.ts';
import {
  apiTime,
  type checkpointRequest,
  type ErrorObject,
  invocationAnswer,
  isoTime,
  type Operation,
  toWire,
} from './durable-wire.ts';
import { AwsError } from './protocol.ts';

/**
 * One durable execution: it invokes the function, keeps what the function checkpoints, and invokes it again
 * when a wait ends, a retry is due or an invocation died.
 */

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED';

/** Small, so that every longer run is read through GetDurableExecutionState too. */
const OPERATIONS_IN_EVENT = 50;
const OPERATIONS_A_PAGE = 1_000;
/** An invocation that died is repeated after 1 s, then 2, 4, … at most a minute. */
const FIRST_REPEAT_MS = 1_000;
const LONGEST_REPEAT_MS = 60_000;
const INVALID_TOKEN = 'Invalid Checkpoint Token';

export type ExecutionOptions = {
  arn: string;
  name: string;
  functionName: string;
  payload: string;
  timeoutMs: number;
  clock: Clock;
  invoke: (event: string, requestId: string) => Promise<InvocationResult>;
  /** Told of every invocation that died. */
  log: ((line: string) => void) | undefined;
  maxOperations: number | undefined;
};

export type Checkpoint = v.InferOutput<typeof checkpointRequest>;

export type DurableExecution = {
  readonly arn: string;
  readonly name: string;
  readonly functionName: string;
  readonly payload: string;
  readonly status: ExecutionStatus;
  readonly startedMs: number;
  readonly endedMs: number | undefined;
  readonly result: string | undefined;
  readonly error: ErrorObject | undefined;
  readonly invocations: number;
  readonly journal: Pick<Journal, 'operationCount' | 'storedBytes' | 'nextDueMs'>;
  /** Settles when it is over. */
  readonly ended: Promise<void>;
  checkpoint(request: Checkpoint): Record<string, unknown>;
  state(token: string, marker: string | undefined, maxItems: number | undefined): Record<string, unknown>;
  stop(error?: ErrorObject): void;
};

export function startExecution(options: ExecutionOptions): DurableExecution {
  const { clock, arn, name, functionName, payload } = options;
  const startedMs = clock.now();
  const root: Operation = { id: randomUUID(), type: 'EXECUTION', status: 'STARTED', startedMs, payload };
  const { maxOperations } = options;
  const journal = createJournal({ execution: root, now: () => clock.now(), maxOperations });
  const ended = Promise.withResolvers<void>();

  let status: ExecutionStatus = 'RUNNING';
  let endedMs: number | undefined;
  let result: string | undefined;
  let error: ErrorObject | undefined;
  let invocations = 0;
  let repeats = 0;
  let token: string = randomUUID();
  let invoking = false;
  let lastCheckpoint: { clientToken: string; answer: Record<string, unknown> } | undefined;
  let cancelTimer = () => {};
  let cancelRepeat = () => {};
  const cancelTimeout = clock.after(options.timeoutMs, () => finish('TIMED_OUT'));

  const finish = (
    as: ExecutionStatus,
    outcome: { result?: string | undefined; error?: ErrorObject | undefined } = {},
  ) => {
    if (status !== 'RUNNING') return;
    status = as;
    endedMs = clock.now();
    result = outcome.result;
    error = outcome.error;
    cancelTimer();
    cancelRepeat();
    cancelTimeout();
    ended.resolve();
  };

  /** One timer for whatever falls due first. */
  const armTimer = () => {
    cancelTimer();
    const dueMs = journal.nextDueMs();
    if (dueMs === undefined || status !== 'RUNNING') return;
    cancelTimer = clock.after(dueMs - clock.now(), () => {
      journal.settleDue();
      armTimer();
      if (!invoking) void invoke();
    });
  };

  const invoke = async () => {
    if (status !== 'RUNNING') return;
    invoking = true;
    invocations++;
    token = randomUUID();
    const [first, rest] = split(journal.state(), OPERATIONS_IN_EVENT);
    const event = JSON.stringify({
      DurableExecutionArn: arn,
      CheckpointToken: token,
      InitialExecutionState: {
        Operations: first.map((operation) => toWire(operation, isoTime)),
        ...(rest.length > 0 && { NextMarker: String(OPERATIONS_IN_EVENT) }),
      },
      UpdatedOperationIds: journal.takeChanged().map(({ id }) => id),
    });
    const answered = await options.invoke(event, randomUUID());
    invoking = false;
    if (status !== 'RUNNING') return;
    if (answered.outcome !== 'answered') return repeat(answered.error);
    repeats = 0;
    conclude(answered.payload);
  };

  const conclude = (text: string) => {
    const answer = v.safeParse(invocationAnswer, JSON.parse(text));
    if (!answer.success) {
      finish('FAILED', { error: { ErrorType: 'Runtime.InvalidAnswer', ErrorMessage: 'No durable answer' } });
      return;
    }
    switch (answer.output.Status) {
      case 'SUCCEEDED':
        finish('SUCCEEDED', { result: answer.output.Result });
        return;
      case 'FAILED':
        finish('FAILED', { error: answer.output.Error });
        return;
      case 'PENDING':
        // What fell due while it was still running has nobody else to carry it on.
        if (journal.hasChanged()) void invoke();
    }
  };

  const repeat = (why: string) => {
    const delayMs = Math.min(FIRST_REPEAT_MS * 2 ** repeats++, LONGEST_REPEAT_MS);
    options.log?.(`${name}: an invocation died, again in ${delayMs} ms: ${why}`);
    cancelRepeat = clock.after(delayMs, () => {
      if (!invoking) void invoke();
    });
  };

  const requireToken = (given: string) => {
    if (status !== 'RUNNING' || given !== token)
      throw new AwsError(400, 'InvalidParameterValueException', INVALID_TOKEN);
  };

  // On the next turn, so that who started it has its ARN first.
  queueMicrotask(() => void invoke());

  return {
    arn,
    name,
    functionName,
    payload,
    startedMs,
    get status() {
      return status;
    },
    get endedMs() {
      return endedMs;
    },
    get result() {
      return result;
    },
    get error() {
      return error;
    },
    get invocations() {
      return invocations;
    },
    journal,
    ended: ended.promise,
    checkpoint({ CheckpointToken, ClientToken, Updates }) {
      // The SDK repeats a request whose answer was lost: it gets the same answer.
      if (ClientToken !== undefined && lastCheckpoint?.clientToken === ClientToken)
        return lastCheckpoint.answer;
      requireToken(CheckpointToken);
      try {
        journal.apply(Updates);
      } catch (cause) {
        if (cause instanceof QuotaExceeded)
          finish('FAILED', { error: { ErrorType: cause.code, ErrorMessage: cause.message } });
        throw cause;
      }
      const last = Updates.at(-1);
      if (last?.Type === 'EXECUTION')
        finish(last.Action === 'SUCCEED' ? 'SUCCEEDED' : 'FAILED', {
          result: last.Payload,
          error: last.Error,
        });
      journal.settleDue();
      armTimer();
      token = randomUUID();
      const operations = journal.takeChanged().map((operation) => toWire(operation, apiTime));
      const answer = { CheckpointToken: token, NewExecutionState: { Operations: operations } };
      if (ClientToken !== undefined) lastCheckpoint = { clientToken: ClientToken, answer };
      return answer;
    },
    state(given, marker, maxItems) {
      requireToken(given);
      const from = Number(marker ?? 0);
      const size = Math.min(maxItems || OPERATIONS_A_PAGE, OPERATIONS_A_PAGE);
      const [page, rest] = split(journal.state().slice(from), size);
      return {
        Operations: page.map((operation) => toWire(operation, apiTime)),
        ...(rest.length > 0 && { NextMarker: String(from + size) }),
      };
    },
    stop(why) {
      finish('STOPPED', { error: why });
    },
  };
}

function split<T>(items: T[], at: number): [T[], T[]] {
  return [items.slice(0, at), items.slice(at)];
}
