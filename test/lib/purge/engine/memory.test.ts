import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { startSimulatedStudio } from '../../../../infra/simulator/server.ts';
import type { Archived } from '../../../support/purge/archiving-process.ts';
import { NOON, WELCOME } from '../../../support/purge/world.ts';

/** What a worker of 512 MB can archive: contexts are as large as the client takes them, and cannot be compressed. */

const MiB = 1024 * 1024;
const LAMBDA_BYTES = 512 * MiB;
/** A quarter of it: the rest is for buffers, code and gzip. */
const HEAP_MB = 128;
const DAY_MS = 86_400_000;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Parameters of about so many bytes, which a context has twice. */
function parametersOf(bytes: number) {
  const text = randomBytes((bytes * 3) / 4).toString('base64');
  return { answers: text.match(/.{1,100}/g) ?? [] };
}

/** The same of objects without members, of which each takes many times its bytes in memory. */
function denseParametersOf(bytes: number) {
  return { answers: Array.from({ length: bytes / '{},'.length }, () => ({})) };
}

async function archive(
  seeds: { count: number; contextBytes: number; dense?: true }[],
  steps = { each: 3, withContext: false },
) {
  const studio = await startSimulatedStudio({
    now: () => NOON,
    behaviour: { stepsPerExecution: steps.each, listedStepContexts: steps.withContext },
    flows: [{ sid: WELCOME }],
  });
  closing.push(() => studio.close());
  // Newest first, as they are listed.
  for (const [nth, { count, contextBytes, dense }] of seeds.entries())
    studio.store.seed({
      flowSid: WELCOME,
      count,
      dateCreatedFrom: new Date(NOON - (9 + nth) * DAY_MS).toISOString(),
      dateCreatedTo: new Date(NOON - (8 + nth) * DAY_MS).toISOString(),
      parameters: (dense ? denseParametersOf : parametersOf)(contextBytes / 2),
    });
  const child = fork(
    fileURLToPath(new URL('../../../support/purge/archiving-process.ts', import.meta.url)),
    [studio.url],
    {
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
    },
  );
  closing.push(async () => void child.kill());
  const [told] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  const archived: Archived | number = told;
  if (typeof archived !== 'object') throw new Error(`The worker died with ${archived}`);
  return archived;
}

test('contexts of 4 and 8 MB, among many small ones, are archived in 512 MB', {
  timeout: 120_000,
}, async () => {
  // With the small ones the limiter has learnt to read many at once.
  const seeds = [
    { count: 300, contextBytes: 16 * 1024 },
    { count: 200, contextBytes: 250 * 1024 },
    { count: 10, contextBytes: 500 * 1024 },
    { count: 3, contextBytes: 7.4 * MiB },
    { count: 10, contextBytes: 4 * MiB },
  ];
  const { peakBytes, objects, ...told } = await archive(seeds);
  expect(told).toEqual({ status: 'succeeded', deleted: 523, archived: 523 });
  expect(peakBytes).toBeLessThan(LAMBDA_BYTES);
  // An object ends with the line that makes it large enough.
  expect(Math.max(...objects)).toBeLessThan(12 * MiB);
  expect(objects.reduce((sum, bytes) => sum + bytes)).toBeGreaterThan(70 * MiB);
});

test('so are thousands of steps that carry their context', { timeout: 120_000 }, async () => {
  const {
    peakBytes,
    objects: _,
    ...told
  } = await archive([{ count: 2, contextBytes: 14 * 1024 }], {
    each: 1_000,
    withContext: true,
  });
  expect(told).toEqual({ status: 'succeeded', deleted: 2, archived: 2 });
  expect(peakBytes).toBeLessThan(LAMBDA_BYTES);
});

test('so are large contexts of many small values', { timeout: 120_000 }, async () => {
  const seeds = [{ count: 3, contextBytes: 7.4 * MiB, dense: true as const }];
  const { peakBytes, objects: _, ...told } = await archive(seeds);
  expect(told).toEqual({ status: 'succeeded', deleted: 3, archived: 3 });
  expect(peakBytes).toBeLessThan(LAMBDA_BYTES);
});
