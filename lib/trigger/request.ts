import type { ConfiguredFlow } from '../config/configuration.ts';
import type { Mistake } from '../config/validation.ts';
import type { ClaimHandle } from '../idempotency/run-with-claim.ts';
import type { Studio } from '../studio/client.ts';
import { CORRELATION_PARAMETER } from './correlation.ts';

/** The calls of lib/studio that triggering needs. */
export type Executions = Pick<Studio['executions'], 'create' | 'list' | 'fetch' | 'end' | 'context'>;

/** Waits for this many milliseconds. */
export type Sleep = (ms: number) => Promise<void>;

/** What to do if the contact already has an active execution. */
type OnConflict = 'fail' | 'return' | 'replace';

export type TriggerRequest = {
  /** The caller's id. The same key of two callers is two keys. */
  caller: string;
  route: string;
  /** null if the request has nothing that identifies a repeated delivery. */
  idempotencyKey: string | null;
  /**
   * The key header of a request that is identified by its signature; null if there is none
   * (lib/http/request.ts).
   */
  unsignedKey?: string | null;
  flow: ConfiguredFlow;
  /** The payload. A request that repeats a key with another flow or body is refused. */
  body: {
    to: string;
    from?: string | undefined;
    parameters?: Record<string, unknown> | undefined;
    onConflict?: OnConflict | undefined;
  };
  /** When the answer is due, in epoch milliseconds. */
  deadlineMs: number;
  signal: AbortSignal;
};

/** One execution to be created, with what the flow's configuration fills in. */
type CreateInput = {
  flowSid: string;
  to: string;
  from: string;
  parameters: Record<string, unknown> | undefined;
  onConflict: OnConflict;
};

export type CreateJob = CreateInput & {
  executions: Executions;
  now: () => number;
  sleep: Sleep;
  random: () => number;
  /** null if the flow's configuration turns it off. */
  correlation: string | null;
  claim: ClaimHandle;
  /** When the answer is due, in epoch milliseconds. */
  deadlineMs: number;
  signal: AbortSignal;
};

export function createInputOf({ flow, body }: TriggerRequest): CreateInput | { mistakes: Mistake[] } {
  const { to, from = flow.from, parameters, onConflict = flow.onConflict } = body;
  const mistakes: Mistake[] = [];
  if (parameters && Object.hasOwn(parameters, CORRELATION_PARAMETER))
    mistakes.push({ detail: 'is a reserved name', pointer: `#/parameters/${CORRELATION_PARAMETER}` });
  if (from === undefined)
    mistakes.push({ detail: 'is missing, and the flow has no sender configured', pointer: '#/from' });
  if (from === undefined || mistakes.length > 0) return { mistakes };
  return { flowSid: flow.sid, to, from, parameters, onConflict };
}
