import type { Slice } from '../engine/slice-state.ts';
import type { Batch } from './batch.ts';
import type { Pipeline } from './pipeline.ts';

/**
 * Completes the batches that an earlier slice has left open, and learns which executions were dealt with
 * last. If the earlier worker is still alive, it can save neither the record nor one of these batches then.
 */
export async function recoverBatches(slice: Slice, pipeline: Pipeline): Promise<void> {
  const { store } = slice.ports;
  const { id, progress } = slice.state.record;
  const open: Batch[] = [];
  for await (const batch of store.batches(id)) {
    const { seq, active, inactive, outcome } = batch;
    if (seq > progress.settledBatch) open.push(batch);
    for (const sid of [...active, ...inactive, ...outcome.done]) slice.seen.add(sid);
    for (const sid of outcome.gone) slice.seen.addGone(sid);
  }
  const [first] = open;
  if (!first) return;
  // All of them are of one flow: no slice that leaves batches open goes on to another.
  if (!(await pipeline.mayActOn(first.flow))) return slice.apply({ leftOpen: true });
  await slice.begin(open);
  for (const { seq } of open) {
    if (slice.mayRecover) await pipeline.recover(await store.takeBatch(id, seq));
    else slice.apply({ leftOpen: true });
  }
}
