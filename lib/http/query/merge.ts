import type { Execution } from '../../studio/types.ts';
import { advance, type Position, secondOf } from './position.ts';
import type { Scan } from './scan.ts';

export type Merged = {
  executions: { execution: Execution; flow: number }[];
  position: Position;
};

export type MergeOptions = {
  /** One for each flow; undefined for one that was read to its end before. */
  scans: readonly (Scan | undefined)[];
  position: Position;
  limit: number;
  /** What Studio does not filter: what does not pass counts as read all the same. */
  keep: (execution: Execution) => boolean;
  /** Whether there is time for more. */
  hasTime: () => boolean;
};

/**
 * Up to `limit` executions in the order of a Position. Stops early when a scan pauses, since what is ahead
 * in that flow may be newer than anything else.
 */
export async function merge({ scans, limit, keep, hasTime, ...from }: MergeOptions): Promise<Merged> {
  const executions: Merged['executions'] = [];
  const open = new Map(scans.flatMap((scan, index) => (scan ? [[index, scan] as const] : [])));
  let { position } = from;
  while (executions.length < limit && hasTime()) {
    let next: { execution: Execution; flow: number; second: number } | undefined;
    for (const [flow, scan] of open) {
      const execution = await scan.peek();
      if (execution === 'pause') return { executions, position };
      if (execution === 'end') {
        open.delete(flow);
        continue;
      }
      // One that is in no order comes first: its executions do not tell how far the others have been read.
      const second =
        (scan.isOrdered() ? secondOf(execution, position.second) : null) ?? Number.POSITIVE_INFINITY;
      // The maps keep the order of the flows, so that the first of equal ones is the earlier flow's.
      if (!next || second > next.second) next = { execution, flow, second };
    }
    if (!next) break;
    const scan = open.get(next.flow);
    scan?.take();
    if (scan?.isOrdered()) position = advance(position, next.flow, next.execution);
    if (keep(next.execution)) executions.push({ execution: next.execution, flow: next.flow });
  }
  return { executions, position };
}
