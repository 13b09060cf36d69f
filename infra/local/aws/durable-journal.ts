import type { Operation, OperationStatus, OperationUpdate } from './durable-wire.ts';
import { AwsError } from './protocol.ts';

/**
 * The operations of one durable execution: which updates are allowed in which state, what falls due when, and
 * the caps that the real service sets on one execution.
 */

/** Lambda quotas, "Durable functions". Neither can be raised. */
export const MAX_OPERATIONS = 3_000;
export const MAX_STORED_BYTES = 100 * 1024 * 1024;
const MAX_PAYLOAD_BYTES = 256 * 1024;
const MAX_ERROR_BYTES = 32 * 1024;

/** In which states an update may come; `null`: before the operation exists. */
const ALLOWED: Record<string, readonly (OperationStatus | null)[]> = {
  'STEP START': [null, 'READY'],
  'STEP SUCCEED': [null, 'STARTED', 'READY'],
  'STEP FAIL': [null, 'STARTED', 'READY'],
  'STEP RETRY': [null, 'STARTED', 'READY'],
  'WAIT START': [null],
  'WAIT CANCEL': ['STARTED'],
  'CONTEXT START': [null],
  'CONTEXT SUCCEED': [null, 'STARTED'],
  'CONTEXT FAIL': [null, 'STARTED'],
};

export class QuotaExceeded extends AwsError {
  constructor(what: string) {
    super(402, 'ServiceQuotaExceededException', what);
  }
}

export type Journal = {
  /** Applies all of them or, when one is not allowed, none; throws an AwsError then. */
  apply(updates: readonly OperationUpdate[]): void;
  /** Ends the waits and releases the retries that are due. */
  settleDue(): void;
  /** When the next wait or retry falls due, in epoch milliseconds. */
  nextDueMs(): number | undefined;
  /** Operations that changed since this was last asked. */
  takeChanged(): Operation[];
  hasChanged(): boolean;
  /** What a new invocation needs to know: children of a finished context are left out. */
  state(): Operation[];
  /** Without the execution itself. */
  readonly operationCount: number;
  readonly storedBytes: number;
};

export function createJournal(options: {
  execution: Operation;
  now: () => number;
  maxOperations?: number | undefined;
}): Journal {
  const { execution, now, maxOperations = MAX_OPERATIONS } = options;
  let operations = new Map<string, Operation>([[execution.id, execution]]);
  let storedBytes = Buffer.byteLength(execution.payload ?? '');
  const changed = new Set<string>();

  const keep = (operation: Operation) => {
    operations.set(operation.id, operation);
    changed.add(operation.id);
  };

  return {
    apply(updates) {
      const next = new Map(operations);
      let bytes = storedBytes;
      for (const update of updates) {
        if (update.Type === 'EXECUTION') continue;
        requireAllowed(update, next);
        next.set(update.Id, updated(update, next.get(update.Id), now()));
        bytes += sizeOf(update);
      }
      if (next.size - 1 > maxOperations)
        throw new QuotaExceeded(`A durable execution has at most ${maxOperations} operations`);
      if (bytes > MAX_STORED_BYTES)
        throw new QuotaExceeded(`A durable execution stores at most ${MAX_STORED_BYTES} bytes`);
      operations = next;
      storedBytes = bytes;
      for (const { Id, Type } of updates) if (Type !== 'EXECUTION') changed.add(Id);
    },
    settleDue() {
      for (const operation of operations.values()) {
        if (operation.dueMs === undefined || operation.dueMs > now()) continue;
        if (operation.type === 'WAIT' && operation.status === 'STARTED')
          keep({ ...operation, status: 'SUCCEEDED', endedMs: now() });
        if (operation.type === 'STEP' && operation.status === 'PENDING')
          keep({ ...operation, status: 'READY' });
      }
    },
    nextDueMs() {
      let earliest: number | undefined;
      for (const { dueMs, type, status } of operations.values())
        if (dueMs !== undefined && status === (type === 'WAIT' ? 'STARTED' : 'PENDING'))
          earliest = Math.min(earliest ?? dueMs, dueMs);
      return earliest;
    },
    takeChanged() {
      const taken = [...changed].flatMap((id) => operations.get(id) ?? []);
      changed.clear();
      return taken;
    },
    hasChanged: () => changed.size > 0,
    state: () => [...operations.values()].filter((operation) => !isPruned(operation, operations)),
    get operationCount() {
      return operations.size - 1;
    },
    get storedBytes() {
      return storedBytes;
    },
  };
}

function requireAllowed(update: OperationUpdate, operations: Map<string, Operation>): void {
  const { Id, ParentId, Type, Action, Payload, Error: error } = update;
  const current = operations.get(Id);
  const what = `${Type} ${Action}`;
  if (current && current.type !== Type) throw invalid(`Operation ${Id} is no ${Type}`);
  if (!ALLOWED[what]?.includes(current?.status ?? null))
    throw invalid(`Invalid current ${Type} state for ${Action}: ${current?.status ?? 'not there'}`);
  if (ParentId !== undefined && operations.get(ParentId)?.type !== 'CONTEXT')
    throw invalid('Invalid parent operation id.');
  if (Action === 'FAIL' && Payload !== undefined) throw invalid('Cannot provide a Payload for FAIL action.');
  if (Action === 'SUCCEED' && error !== undefined)
    throw invalid('Cannot provide an Error for SUCCEED action.');
  if (Action === 'RETRY' && update.Type === 'STEP' && update.StepOptions === undefined)
    throw invalid('Invalid StepOptions for the given action.');
  if (Buffer.byteLength(Payload ?? '') > MAX_PAYLOAD_BYTES)
    throw invalid(`A payload must be at most ${MAX_PAYLOAD_BYTES} bytes.`);
  if (error && Buffer.byteLength(JSON.stringify(error)) > MAX_ERROR_BYTES)
    throw invalid(`An error must be at most ${MAX_ERROR_BYTES} bytes.`);
}

function updated(update: OperationUpdate, current: Operation | undefined, nowMs: number): Operation {
  const base: Operation = current ?? {
    id: update.Id,
    parentId: update.ParentId,
    name: update.Name,
    type: update.Type,
    subType: update.SubType,
    status: 'STARTED',
    startedMs: nowMs,
  };
  const said = { payload: update.Payload, error: update.Error };
  const attempt = update.Type === 'STEP' ? { attempt: (base.attempt ?? 0) + 1 } : {};
  switch (update.Action) {
    case 'START': {
      const wait =
        update.Type === 'WAIT' ? { dueMs: nowMs + 1000 * (update.WaitOptions?.WaitSeconds ?? 0) } : {};
      return { ...base, status: 'STARTED', ...wait };
    }
    case 'RETRY': {
      const delaySeconds = update.StepOptions?.NextAttemptDelaySeconds ?? 0;
      return { ...base, ...said, ...attempt, status: 'PENDING', dueMs: nowMs + 1000 * delaySeconds };
    }
    case 'CANCEL':
      return { ...base, status: 'CANCELLED', endedMs: nowMs };
    case 'SUCCEED':
    case 'FAIL': {
      const replay =
        update.Type === 'CONTEXT' ? { replayChildren: update.ContextOptions?.ReplayChildren } : {};
      const status = update.Action === 'SUCCEED' ? 'SUCCEEDED' : 'FAILED';
      return { ...base, ...said, ...attempt, ...replay, status, endedMs: nowMs };
    }
  }
}

/** A finished context stands for everything in it, unless it asked for its children to be replayed. */
function isPruned({ parentId }: Operation, operations: Map<string, Operation>): boolean {
  const parent = parentId === undefined ? undefined : operations.get(parentId);
  if (!parent) return false;
  const finished = parent.status === 'SUCCEEDED' || parent.status === 'FAILED';
  return (finished && parent.replayChildren !== true) || isPruned(parent, operations);
}

function sizeOf({ Payload, Error: error }: OperationUpdate): number {
  return Buffer.byteLength(Payload ?? '') + (error ? Buffer.byteLength(JSON.stringify(error)) : 0);
}

function invalid(message: string): AwsError {
  return new AwsError(400, 'InvalidParameterValueException', message);
}
