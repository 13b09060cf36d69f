import * as v from 'valibot';

/**
 * The durable-execution protocol of Lambda's API 2025-12-01: what a checkpoint may say, and how an operation
 * looks on the wire. Times are ISO 8601 in an invocation's event and seconds in the API's answers.
 */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const errorObject = v.object({
  ErrorMessage: v.optional(v.string()),
  ErrorType: v.optional(v.string()),
  ErrorData: v.optional(v.string()),
  StackTrace: v.optional(v.array(v.string())),
});
export type ErrorObject = v.InferOutput<typeof errorObject>;

const shared = {
  Id: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  ParentId: v.optional(v.string()),
  Name: v.optional(v.string()),
  SubType: v.optional(v.string()),
  Payload: v.optional(v.string()),
  Error: v.optional(errorObject),
};

const operationUpdate = v.variant('Type', [
  v.object({
    ...shared,
    Type: v.literal('STEP'),
    Action: v.picklist(['START', 'SUCCEED', 'FAIL', 'RETRY']),
    StepOptions: v.optional(v.object({ NextAttemptDelaySeconds: v.optional(count) })),
  }),
  v.object({
    ...shared,
    Type: v.literal('WAIT'),
    Action: v.picklist(['START', 'CANCEL']),
    WaitOptions: v.optional(v.object({ WaitSeconds: v.optional(count) })),
  }),
  v.object({
    ...shared,
    Type: v.literal('CONTEXT'),
    Action: v.picklist(['START', 'SUCCEED', 'FAIL']),
    ContextOptions: v.optional(v.object({ ReplayChildren: v.optional(v.boolean()) })),
  }),
  v.object({ ...shared, Type: v.literal('EXECUTION'), Action: v.picklist(['SUCCEED', 'FAIL']) }),
]);
export type OperationUpdate = v.InferOutput<typeof operationUpdate>;

export const checkpointRequest = v.object({
  CheckpointToken: v.string(),
  ClientToken: v.optional(v.string()),
  Updates: v.optional(v.array(operationUpdate), []),
});

/** What a durable function answers an invocation with. */
export const invocationAnswer = v.variant('Status', [
  v.object({ Status: v.literal('PENDING') }),
  v.object({ Status: v.literal('SUCCEEDED'), Result: v.optional(v.string()) }),
  v.object({ Status: v.literal('FAILED'), Error: v.optional(errorObject) }),
]);

export type OperationType = OperationUpdate['Type'];
export type OperationStatus = 'STARTED' | 'PENDING' | 'READY' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';

/** One operation of an execution, as it is kept. */
export type Operation = {
  id: string;
  parentId?: string | undefined;
  name?: string | undefined;
  type: OperationType;
  subType?: string | undefined;
  status: OperationStatus;
  startedMs: number;
  endedMs?: number;
  payload?: string | undefined;
  error?: ErrorObject | undefined;
  /** Attempts of a step that are over. */
  attempt?: number;
  /** When a wait ends or a step's next attempt may begin. */
  dueMs?: number;
  replayChildren?: boolean | undefined;
};

type Time = (epochMs: number) => string | number;
export const isoTime: Time = (epochMs) => new Date(epochMs).toISOString();
export const apiTime: Time = (epochMs) => epochMs / 1000;

export function toWire(operation: Operation, time: Time): Record<string, unknown> {
  const { id, parentId, name, type, subType, status, startedMs, endedMs } = operation;
  return {
    Id: id,
    ParentId: parentId,
    Name: name,
    Type: type,
    SubType: subType,
    Status: status,
    StartTimestamp: time(startedMs),
    ...(endedMs !== undefined && { EndTimestamp: time(endedMs) }),
    ...detailsOf(operation, time),
  };
}

function detailsOf({ type, payload, error, attempt, dueMs, replayChildren }: Operation, time: Time) {
  switch (type) {
    case 'EXECUTION':
      return { ExecutionDetails: { InputPayload: payload } };
    case 'STEP': {
      const next = dueMs === undefined ? {} : { NextAttemptTimestamp: time(dueMs) };
      return { StepDetails: { Attempt: attempt ?? 0, Result: payload, Error: error, ...next } };
    }
    case 'WAIT':
      return { WaitDetails: dueMs === undefined ? {} : { ScheduledEndTimestamp: time(dueMs) } };
    case 'CONTEXT':
      return { ContextDetails: { ReplayChildren: replayChildren, Result: payload, Error: error } };
  }
}
