import { afterEach } from 'vitest';
import type { BehaviourChange } from '../../../../infra/simulator/faults/behaviour.ts';
import { startSimulatedStudio } from '../../../../infra/simulator/server.ts';
import { upstreamOf } from '../../../../lib/purge/batch/upstream.ts';
import { createStudio } from '../../../../lib/studio/client.ts';
import { ACCOUNT, createClock, createWorldOf, SURVEY, WELCOME, type Wrap } from '../world.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A simulated Studio over a real socket, with all of `createWorldOf`. */
export async function createWorld(behaviour: BehaviourChange = {}, wrap: Wrap = {}) {
  const clock = createClock();
  const now = () => clock.nowMs;
  const studio = await startSimulatedStudio({ now, behaviour, flows: [{ sid: WELCOME }, { sid: SURVEY }] });
  const client = createStudio({
    accountSid: ACCOUNT,
    username: `SK${'a'.repeat(32)}`,
    password: 'local',
    baseUrl: studio.url,
    now,
    // What the client would wait, the clock moves.
    sleep: async (ms) => {
      clock.nowMs += ms;
    },
    random: () => 0.5,
  });
  closing.push(
    () => client.close(),
    () => studio.close(),
  );
  return { studio, ...createWorldOf(upstreamOf(client, {}), clock, wrap) };
}
