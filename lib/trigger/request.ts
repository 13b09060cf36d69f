import type { ConfiguredFlow } from '../config/configuration.ts';
import type { Mistake } from '../config/validation.ts';
import type { ConflictPolicy } from './conflict.ts';
import { CORRELATION_PARAMETER } from './correlation.ts';

export type TriggerRequest = {
  /** Who asks; the same key of another caller is another key. */
  caller: string;
  route: string;
  /** null: nothing tells a repeated delivery from a new one. */
  idempotencyKey: string | null;
  /**
   * The key header of a request that is identified by its signature; null if there is none
   * (lib/http/request.ts).
   */
  unsignedKey?: string | null;
  flow: ConfiguredFlow;
  /** What makes another request of it: the same key with another flow or body is refused. */
  body: {
    to: string;
    from?: string | undefined;
    parameters?: Record<string, unknown> | undefined;
    onConflict?: ConflictPolicy | undefined;
  };
  /** When the answer has to be there, in milliseconds since 1970. */
  deadlineMs: number;
  signal: AbortSignal;
};

/** One execution to be created, with what the flow's configuration fills in. */
export type Wish = {
  flowSid: string;
  to: string;
  from: string;
  parameters: Record<string, unknown> | undefined;
  onConflict: ConflictPolicy;
};

export function wishOf({ flow, body }: TriggerRequest): Wish | { mistakes: Mistake[] } {
  const { to, from = flow.from, parameters, onConflict = flow.onConflict } = body;
  const mistakes: Mistake[] = [];
  if (parameters && Object.hasOwn(parameters, CORRELATION_PARAMETER))
    mistakes.push({ detail: 'is a reserved name', pointer: `#/parameters/${CORRELATION_PARAMETER}` });
  if (from === undefined)
    mistakes.push({ detail: 'is missing, and the flow has no sender configured', pointer: '#/from' });
  if (from === undefined || mistakes.length > 0) return { mistakes };
  return { flowSid: flow.sid, to, from, parameters, onConflict };
}
