import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';

/**
 * A share of one processor, as Lambda gives it for memory: all of it for 1,769 MB. The kernel's control groups do
 * it, of either version; they have to be writable, which takes root.
 */
const ONE_PROCESSOR_MB = 1_769;
const PERIOD_US = 20_000;
const V1 = '/sys/fs/cgroup/cpu';
const MOST_SHARES = 262_144;
const MOST_WEIGHT = 10_000;
const NAME = 'bench-cold';

export type ProcessorShare = {
  /** A process that writes its id here is held to the share from then on. */
  tasks: string;
  /** May be set again for the next process. */
  set(memoryMb: number): void;
  close(): void;
};

/** Throws when the machine has no such groups, or they may not be made. */
export function openProcessorShare(): ProcessorShare {
  const isV1 = existsSync(`${V1}/cpu.cfs_quota_us`);
  const group = `${isV1 ? V1 : '/sys/fs/cgroup'}/${NAME}`;
  mkdirSync(group, { recursive: true });
  // What else the machine does is to matter as little as can be.
  writeFileSync(`${group}/${isV1 ? 'cpu.shares' : 'cpu.weight'}`, String(isV1 ? MOST_SHARES : MOST_WEIGHT));
  return {
    tasks: `${group}/${isV1 ? 'tasks' : 'cgroup.procs'}`,
    set(memoryMb) {
      const quota = Math.round((memoryMb / ONE_PROCESSOR_MB) * PERIOD_US);
      if (isV1) {
        writeFileSync(`${group}/cpu.cfs_period_us`, String(PERIOD_US));
        writeFileSync(`${group}/cpu.cfs_quota_us`, String(quota));
      } else writeFileSync(`${group}/cpu.max`, `${quota} ${PERIOD_US}`);
    },
    close: () => rmdirSync(group),
  };
}
