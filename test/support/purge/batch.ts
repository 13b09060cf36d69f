import type { Batch } from '../../../lib/purge/batch/batch.ts';
import { sidOf } from './studio/in-process.ts';

/** A batch of one ended execution, as it is written down before anything is done. */
export function batchOf(seq: number, changes: Partial<Batch> = {}): Batch {
  return {
    seq,
    flow: 0,
    retried: null,
    wereGone: false,
    archived: false,
    active: [],
    inactive: [sidOf(0)],
    outcome: { archived: 0, done: [], ended: 0, gone: [], failed: [] },
    ...changes,
  };
}
