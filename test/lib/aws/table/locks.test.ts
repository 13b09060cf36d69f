import { describe, expect, test } from 'vitest';
import { createLockStore } from '../../../../lib/aws/table/locks.ts';
import { LOCK_LEASE_SECONDS } from '../../../../lib/purge/engine/limits.ts';
import type { LockStore } from '../../../../lib/purge/engine/ports.ts';
import { createMemoryLocks } from '../../../support/purge/ports/locks.ts';
import { tableOfFile } from '../../../support/table.ts';

const table = await tableOfFile();

let flows = 0;
const implementations: [string, (now: () => number) => LockStore][] = [
  ['in the table', (now) => createLockStore(table, now)],
  ['in memory', createMemoryLocks],
];

describe.each(implementations)('a lock %s', (_where, create) => {
  function anew() {
    const clock = { nowMs: Date.UTC(2026, 0, 1) };
    const locks = create(() => clock.nowMs);
    const flow = `flow-${++flows}`;
    const acquire = (purge: string, isUrgent = false) => locks.acquire(flow, purge, isUrgent);
    return { clock, locks, flow, acquire, release: (purge: string) => locks.release(flow, purge) };
  }

  test('is of the purge that asks first, and its again after a crash', async () => {
    const { locks, acquire } = anew();
    expect(await acquire('one')).toBe(true);
    expect(await acquire('other')).toBe(false);
    expect(await acquire('one')).toBe(true);
    expect(await locks.acquire(`flow-${++flows}`, 'other', false)).toBe(true);
  });

  test('is passed to the purge that waits for it, and not taken again at once', async () => {
    const { acquire, release } = anew();
    await acquire('one');
    await acquire('other');
    await release('one');
    expect(await acquire('one')).toBe(false);
    expect(await acquire('other')).toBe(true);
    await release('other');
    expect(await acquire('other')).toBe(false);
    expect(await acquire('one')).toBe(true);
  });

  test('is passed to an erasure before all others', async () => {
    const { acquire, release } = anew();
    await acquire('one');
    await acquire('other');
    await acquire('erasure', true);
    await acquire('second erasure', true);
    await release('one');
    expect(await acquire('other')).toBe(false);
    expect(await acquire('erasure', true)).toBe(true);
  });

  test('is free when no purge waits, and released by its owner only', async () => {
    const { acquire, release } = anew();
    await acquire('one');
    await release('other');
    expect(await acquire('other')).toBe(false);
    expect(await acquire('one')).toBe(true);
    await release('one');
    await release('one');
    await release('other');
    expect(await acquire('third')).toBe(true);
  });

  test('is free after its lease, also where the purge that was to have it next does not come', async () => {
    const { clock, acquire, release } = anew();
    await acquire('crashed');
    await acquire('stopped');
    await release('crashed');
    expect(await acquire('other')).toBe(false);
    clock.nowMs += (LOCK_LEASE_SECONDS + 1) * 1_000;
    expect(await acquire('other')).toBe(true);
    expect(await acquire('stopped')).toBe(false);
    await release('other');
    expect(await acquire('stopped')).toBe(true);
  });
});
