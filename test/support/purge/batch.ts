import type { Batch } from '../../../lib/purge/engine/ports.ts';
import { sidOf } from './upstream.ts';

/** A batch of one ended execution, as it is written down before anything is done. */
export function batchOf(seq: number, changes: Partial<Batch> = {}): Batch {
  return {
    seq,
    flow: 0,
    retryOf: null,
    archived: false,
    newlyArchived: 0,
    gone: [],
    disputed: false,
    active: [],
    inactive: [sidOf(0)],
    failed: [],
    outcome: null,
    ...changes,
  };
}
