import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from 'vitest';
import type { BehaviourChange } from '../../../../infra/simulator/faults/behaviour.ts';
import { startSimulatedStudio } from '../../../../infra/simulator/server.ts';
import { upstreamOf } from '../../../../lib/purge/batch/upstream.ts';
import { runSlice } from '../../../../lib/purge/engine/slice.ts';
import { createStudio } from '../../../../lib/studio/client.ts';
import { createLimiter } from '../../../../lib/studio/limiter/limiter.ts';
import type { createRounds } from '../rounds.ts';
import { ACCOUNT, createWorldOf, NOON, WELCOME } from '../world.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/**
 * A simulated Studio through the client and the limiter over a socket, with timers that are real, and `faster`;
 * its latency is real as well, unless `rounds` are given.
 */
export async function createWorldWithLimiter(
  { faster, rounds }: { faster: number; rounds?: ReturnType<typeof createRounds> },
  behaviour: BehaviourChange = {},
) {
  const studio = await startSimulatedStudio({
    now: () => NOON,
    behaviour,
    flows: [{ sid: WELCOME }],
    ...(rounds ? { sleep: rounds.sleep } : {}),
  });
  const client = createStudio({
    accountSid: ACCOUNT,
    username: `SK${'a'.repeat(32)}`,
    password: 'local',
    baseUrl: studio.url,
    sleep: async (ms, signal) => void (await sleep(ms / faster, undefined, signal ? { signal } : {})),
  });
  closing.push(
    () => client.close(),
    () => studio.close(),
  );
  const learning = createLimiter();
  const limiter = rounds ? rounds.of(learning) : learning;
  const world = createWorldOf(upstreamOf(client, { limiter }), undefined, {
    limiter: limiter,
    after: (ms, then) => {
      const timer = setTimeout(then, ms / faster);
      return () => clearTimeout(timer);
    },
  });
  let slices = 0;
  /** Another worker, whose limiter has learnt nothing yet. */
  const elsewhere = (purge: string) => {
    const limiter = createLimiter();
    const upstream = upstreamOf(client, { limiter });
    return runSlice(purge, { ...world.ports, limiter: limiter, upstream }, `2-${++slices}`);
  };
  return { studio, limiter, elsewhere, ...world };
}
