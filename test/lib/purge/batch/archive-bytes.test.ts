import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Upstream } from '../../../../lib/purge/engine/ports.ts';
import { StudioError } from '../../../../lib/studio/errors.ts';
import { archivedIn } from '../../../support/purge/ports/archived.ts';
import { createLimiterOf, openLimiter } from '../../../support/purge/ports/limiter.ts';
import { createPurgedStudio, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createClock, createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

/** What is in memory at once of what the archive reads and packs, however large it is. */

const KiB = 1024;
const MiB = 1024 * KiB;
const OBJECT_BYTES = 4 * MiB;
const DAY_MS = 86_400_000;

type Part = 'context' | 'steps';

/** Executions whose contexts, or steps, have so many bytes each, and cannot be compressed much. */
function studioOf(sizes: readonly number[], part: Part = 'context') {
  const studio = createPurgedStudio();
  for (const number of sizes.keys())
    studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * 1_000 });
  const noise = randomBytes(Math.max(...sizes)).toString('base64');
  const inHand = new Map<number, number>();
  const peaks = new Map<number, number>();
  let reads = 0;
  /** As the client does, which stops to read where there is more. */
  const answer = async (sid: string, maxBodyBytes: number) => {
    reads += 1;
    const bytes = sizes[Number.parseInt(sid.slice(2), 16)] ?? 0;
    if (bytes > maxBodyBytes)
      throw new StudioError('nonsense', 'larger', { operation: 'test', oversized: true });
    inHand.set(bytes, (inHand.get(bytes) ?? 0) + 1);
    peaks.set(bytes, Math.max(peaks.get(bytes) ?? 0, inHand.get(bytes) ?? 0));
    await new Promise((resolve) => setImmediate(resolve));
    inHand.set(bytes, (inHand.get(bytes) ?? 0) - 1);
    return noise.slice(0, bytes);
  };
  const upstream: Upstream = {
    ...studio.upstream,
    async context(flow, sid, maxBodyBytes) {
      const context = await studio.upstream.context(flow, sid, maxBodyBytes);
      return part === 'context' ? { ...context, context: await answer(sid, maxBodyBytes) } : context;
    },
    async *steps(flowSid, executionSid, maxBodyBytes) {
      if (part === 'context') return;
      const context = await answer(executionSid, maxBodyBytes);
      const none = { accountSid: null, parentStepSid: null, name: null, transitionedFrom: null };
      const nothing = { transitionedTo: null, type: null, dateCreated: null, dateUpdated: null, url: null };
      yield { sid: `FT${executionSid.slice(2)}`, flowSid, executionSid, context, ...none, ...nothing };
    },
  };
  return { studio, upstream, peaks, reads: () => reads };
}

const many = (count: number, bytes: number) => Array.from({ length: count }, () => bytes);
const SMALL = 4 * KiB;
const MEDIUM = 300 * KiB;
const LARGE = 1.5 * MiB;

describe.each<Part>(['context', 'steps'])('where each %s is read', (part) => {
  test('the larger ones are read one at a time, over all batches', async () => {
    const sizes = [...many(6, LARGE), ...many(30, MEDIUM), ...many(1_200, SMALL)];
    const { upstream, peaks } = studioOf(sizes, part);
    const world = createWorldOf(upstream, createClock(), { limiter: openLimiter });
    const record = await world.purge({ olderThan: 'P7D', archive: true });
    expect(record).toMatchObject({
      status: 'succeeded',
      counts: { archived: sizes.length, deleted: sizes.length },
    });
    expect(record.progress.settledBatch).toBeGreaterThan(1);
    expect(peaks.get(LARGE)).toBe(1);
    expect(peaks.get(MEDIUM)).toBe(1);
    expect(peaks.get(SMALL)).toBeGreaterThan(100);
  });
});

test('what is larger than anything of Studio’s is a failure, and is not deleted', async () => {
  const { studio, upstream } = studioOf([SMALL, 17 * MiB, SMALL]);
  const world = createWorldOf(upstream);
  const record = await world.purge({ olderThan: 'P7D', archive: true });
  expect(record).toMatchObject({ status: 'failed', counts: { archived: 2, deleted: 2, failed: 1 } });
  expect(record.failures).toEqual([{ sid: sidOf(1), reason: 'archive: nonsense' }]);
  expect(studio.in('ended').map(({ sid }) => sid)).toEqual([sidOf(1)]);
});

describe('a batch that is too large for one object', () => {
  const sizes = many(8, LARGE);

  test('is put in several, each of which is not much larger than it may be', async () => {
    const { upstream } = studioOf(sizes);
    const world = createWorldOf(upstream);
    const record = await world.purge({ olderThan: 'P7D', archive: true });
    expect(record).toMatchObject({ status: 'succeeded', counts: { archived: 8, deleted: 8 } });
    const objects = [...world.objects.values()];
    expect(objects.length).toBeGreaterThan(1);
    for (const { length } of objects) expect(length).toBeLessThan(OBJECT_BYTES + LARGE);
    // Of one batch, and each with a name of its own.
    expect([...world.objects.keys()].every((key) => /\/00000001-[0-9a-f]{16}\.ndjson\.gz$/.test(key))).toBe(
      true,
    );
    const archived = archivedIn(world).map(({ execution }) => execution.sid);
    expect(archived.toSorted()).toEqual([...sizes.keys()].map(sidOf));
  });

  test('is not touched where one of them cannot be stored, and is not read further then', async () => {
    const { studio, upstream, reads } = studioOf(sizes);
    let puts = 0;
    let readThen = 0;
    const world = createWorldOf(upstream, createClock(), {
      archive: {
        put: async () => {
          puts += 1;
          if (puts === 1) return;
          readThen = reads();
          throw new Error('SlowDown');
        },
      },
    });
    const id = await world.start({ olderThan: 'P7D', archive: true });
    expect(await world.slice(id)).toMatchObject({ status: 'running', pauseSeconds: 1 });
    expect(puts).toBe(2);
    expect(reads()).toBeLessThanOrEqual(readThen + 1);
    expect(studio.calls.delete).toBe(0);
    expect((await world.record(id)).counts).toMatchObject({ archived: 0, deleted: 0 });
  });

  test('is put no further once another worker has the purge', async () => {
    const { upstream } = studioOf(sizes);
    const world = createWorldOf(upstream);
    const { archive } = world.ports;
    const id = await world.start({ olderThan: 'P7D', archive: true });
    let puts = 0;
    world.ports.archive = {
      put: async () => {
        puts += 1;
        const stored = await world.memory.read(id);
        if (stored) await world.memory.save(stored.record, stored.version);
      },
    };
    expect(await world.slice(id)).toMatchObject({ status: 'superseded' });
    expect(puts).toBe(1);
    world.ports.archive = archive;
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', counts: { archived: 8, deleted: 8 } });
  });

  test('is archived as far as there is time, and the rest later', async () => {
    const clock = createClock();
    const { studio, upstream } = studioOf(sizes);
    const world = createWorldOf(
      {
        ...upstream,
        context: (...args) => {
          clock.nowMs += 3_000;
          return upstream.context(...args);
        },
      },
      clock,
      { limiter: createLimiterOf(2) },
    );
    const id = await world.start({ olderThan: 'P7D', archive: true });
    expect((await world.slice(id)).status).toBe('running');
    const first = archivedIn(world).length;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(8);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', counts: { archived: 8, deleted: 8 } });
    expect(archivedIn(world)).toHaveLength(8);
    expect(studio.in('deleted')).toHaveLength(8);
    for (const object of world.objects.values()) expect(gunzipSync(object).length).toBeGreaterThan(0);
  });
});
