import type { OperationName } from '../operations.ts';
import { createRandom } from '../random.ts';
import type { Fault } from './behaviour.ts';

export type FaultPicker = (operation: OperationName, isReusedSocket: boolean) => Fault | undefined;

/**
 * Decides which fault strikes a request: the first in the list that applies. Each fault has its own counter
 * and its own stream of numbers, so a change to one does not move where another strikes.
 */
export function createFaultPicker(faults: readonly Fault[], seed: number): FaultPicker {
  const rules = faults.map((fault, index) => {
    const random = createRandom(seed + index);
    return { fault, random, seen: 0, struck: 0 };
  });
  return (operation, isReusedSocket) => {
    for (const rule of rules) {
      const { operations, reusedSocketOnly, after, every, probability, times } = rule.fault;
      if (operations && !operations.includes(operation)) continue;
      if (reusedSocketOnly && !isReusedSocket) continue;
      rule.seen++;
      if (rule.seen <= after || rule.struck >= (times ?? Number.POSITIVE_INFINITY)) continue;
      if (every !== undefined && (rule.seen - after) % every !== 0) continue;
      if (probability !== undefined && rule.random() >= probability) continue;
      rule.struck++;
      return rule.fault;
    }
    return undefined;
  };
}
