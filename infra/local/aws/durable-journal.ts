import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { AwsError } from './protocol.ts';

/** Lambda's quotas for one durable execution, which cannot be raised. */
export const MAX_OPERATIONS = 3_000;
const MAX_PAYLOAD_BYTES = 256 * 1024;

const seconds = v.pipe(v.number(), v.integer(), v.minValue(0));

export const errorObject = v.object({
  ErrorMessage: v.optional(v.string()),
  ErrorType: v.optional(v.string()),
  ErrorData: v.optional(v.string()),
  StackTrace: v.optional(v.array(v.string())),
});
export type ErrorObject = v.InferOutput<typeof errorObject>;

const shared = {
  Id: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  Name: v.optional(v.string()),
  SubType: v.optional(v.string()),
  Payload: v.optional(v.string()),
  Error: v.optional(errorObject),
};

export const operationUpdate = v.variant(
  'Type',
  [
    v.object({
      ...shared,
      Type: v.literal('STEP'),
      Action: v.picklist(['START', 'SUCCEED', 'FAIL', 'RETRY']),
      StepOptions: v.optional(v.object({ NextAttemptDelaySeconds: v.optional(seconds) })),
    }),
    v.object({
      ...shared,
      Type: v.literal('WAIT'),
      Action: v.literal('START'),
      WaitOptions: v.object({ WaitSeconds: seconds }),
    }),
    v.object({ ...shared, Type: v.literal('EXECUTION'), Action: v.picklist(['SUCCEED', 'FAIL']) }),
  ],
  'This stand-in supports steps and waits only.',
);
export type OperationUpdate = v.InferOutput<typeof operationUpdate>;

/** An operation as it stands in an invocation's event, where dates are ISO 8601. */
export type Operation = {
  Id: string;
  Type: OperationUpdate['Type'];
  Status: 'STARTED' | 'PENDING' | 'READY' | 'SUCCEEDED' | 'FAILED';
  Name?: string | undefined;
  SubType?: string | undefined;
  StartTimestamp: Date;
  EndTimestamp?: Date;
  ExecutionDetails?: { InputPayload: string };
  /** `Attempt` counts the attempts that have ended. */
  StepDetails?: {
    Attempt: number;
    Result?: string | undefined;
    Error?: ErrorObject | undefined;
    NextAttemptTimestamp?: Date;
  };
  WaitDetails?: { ScheduledEndTimestamp: Date };
};

export type Journal = {
  /** Applies all updates or, if one is not allowed, none, and then throws an AwsError. */
  apply(updates: readonly OperationUpdate[]): void;
  /** Ends the waits and releases the retries that are due. */
  settleDue(): void;
  /** When the next wait or retry falls due, in epoch milliseconds. */
  nextDueMs(): number | undefined;
  /** Returns the operations that have changed since the last call. */
  takeChanged(): Operation[];
  hasChanged(): boolean;
  all(): Operation[];
  /** Without the execution itself. */
  readonly operationCount: number;
};

/** Keeps the operations of one durable execution and decides which updates are allowed. */
export function createJournal(options: {
  payload: string;
  now: () => number;
  maxOperations?: number | undefined;
}): Journal {
  const { payload, now, maxOperations = MAX_OPERATIONS } = options;
  const execution: Operation = {
    Id: randomUUID(),
    Type: 'EXECUTION',
    Status: 'STARTED',
    StartTimestamp: new Date(now()),
    ExecutionDetails: { InputPayload: payload },
  };
  let operations = new Map([[execution.Id, execution]]);
  const changed = new Set<string>();

  return {
    apply(updates) {
      const next = new Map(operations);
      const own = updates.filter(({ Type }) => Type !== 'EXECUTION');
      for (const update of own) next.set(update.Id, updated(update, next.get(update.Id), now()));
      if (next.size - 1 > maxOperations)
        throw new AwsError(
          402,
          'ServiceQuotaExceededException',
          `A durable execution has at most ${maxOperations} operations`,
        );
      operations = next;
      for (const { Id } of own) changed.add(Id);
    },
    settleDue() {
      for (const operation of operations.values()) {
        const dueMs = dueMsOf(operation);
        if (dueMs === undefined || dueMs > now()) continue;
        const settled: Operation =
          operation.Type === 'WAIT'
            ? { ...operation, Status: 'SUCCEEDED', EndTimestamp: new Date(now()) }
            : { ...operation, Status: 'READY' };
        operations.set(operation.Id, settled);
        changed.add(operation.Id);
      }
    },
    nextDueMs() {
      const due = [...operations.values()].flatMap((operation) => dueMsOf(operation) ?? []);
      return due.length > 0 ? Math.min(...due) : undefined;
    },
    takeChanged() {
      const taken = [...changed].flatMap((id) => operations.get(id) ?? []);
      changed.clear();
      return taken;
    },
    hasChanged: () => changed.size > 0,
    all: () => [...operations.values()],
    get operationCount() {
      return operations.size - 1;
    },
  };
}

function updated(update: OperationUpdate, current: Operation | undefined, nowMs: number): Operation {
  const { Id, Name, Type, SubType, Action, Payload: Result, Error: failure } = update;
  requireAllowed(update, current);
  const base = { Id, Name, Type, SubType, StartTimestamp: new Date(nowMs), ...current };
  if (update.Type === 'WAIT') {
    const ScheduledEndTimestamp = new Date(nowMs + 1_000 * update.WaitOptions.WaitSeconds);
    return { ...base, Status: 'STARTED', WaitDetails: { ScheduledEndTimestamp } };
  }
  const attempts = current?.StepDetails?.Attempt ?? 0;
  if (Action === 'START') return { StepDetails: { Attempt: attempts }, ...base, Status: 'STARTED' };
  const StepDetails = { Attempt: attempts + 1, Result, Error: failure };
  if (update.Type === 'STEP' && Action === 'RETRY') {
    const delaySeconds = update.StepOptions?.NextAttemptDelaySeconds ?? 0;
    const NextAttemptTimestamp = new Date(nowMs + 1_000 * delaySeconds);
    return { ...base, Status: 'PENDING', StepDetails: { ...StepDetails, NextAttemptTimestamp } };
  }
  const Status = Action === 'SUCCEED' ? 'SUCCEEDED' : 'FAILED';
  return { ...base, Status, EndTimestamp: new Date(nowMs), StepDetails };
}

function requireAllowed(
  { Id, Type, Action, Payload = '' }: OperationUpdate,
  current: Operation | undefined,
): void {
  const statuses: Operation['Status'][] = Action === 'START' ? ['READY'] : ['STARTED', 'READY'];
  const isAllowed =
    !current || (Type === 'STEP' && current.Type === Type && statuses.includes(current.Status));
  if (!isAllowed)
    throw invalid(`Operation ${Id} is a ${current.Status} ${current.Type}: no ${Type} ${Action}`);
  if (Buffer.byteLength(Payload) > MAX_PAYLOAD_BYTES)
    throw invalid(`A payload must be at most ${MAX_PAYLOAD_BYTES} bytes.`);
}

/** When a wait ends or a step's next attempt may begin, in epoch milliseconds. */
function dueMsOf({ Status, WaitDetails, StepDetails }: Operation): number | undefined {
  if (Status === 'STARTED') return WaitDetails?.ScheduledEndTimestamp.getTime();
  return Status === 'PENDING' ? StepDetails?.NextAttemptTimestamp?.getTime() : undefined;
}

function invalid(message: string): AwsError {
  return new AwsError(400, 'InvalidParameterValueException', message);
}
