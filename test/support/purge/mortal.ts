import type { SliceResult } from '../../../lib/purge/engine/conclude.ts';
import type { Ports } from '../../../lib/purge/engine/ports.ts';
import { runSlice } from '../../../lib/purge/engine/slice.ts';
import { type Around, type CallName, withEachCall } from './calls.ts';
import type { World } from './world.ts';

/** Where a worker dies: at its nth call of a port, or of that name, before the call has an effect, or after it. */
export type Death = { at: number; when: 'before' | 'after'; of?: CallName };

/** Every call that goes out of the process, or every one of the name that is waited for. */
type Counted = { calls: number };

/**
 * Runs one slice in a worker that dies on the way, as a process does: its calls stop where they are,
 * and nothing is reported. Returns null if it died.
 */
export async function mortalSlice(
  id: string,
  ports: Ports,
  death: Death,
  counted: Counted = { calls: 0 },
  step = '1-1',
): Promise<SliceResult | null> {
  const died = Promise.withResolvers<null>();
  const never = new Promise<never>(() => undefined);
  let dead = false;

  const around: Around = async (call, name) => {
    if (dead) return never;
    const counts = death.of === undefined || death.of === name;
    if (counts) counted.calls += 1;
    const dies = counts && counted.calls === death.at;
    if (dies && death.when === 'before') return die();
    const result = await call();
    if (dies) return die();
    // What comes back to a dead process is not heard.
    return dead ? never : result;
  };
  const die = () => {
    dead = true;
    died.resolve(null);
    return never;
  };

  return Promise.race([runSlice(id, withEachCall(ports, around), step), died.promise]);
}

/** Far more than any of these purges needs: one that comes to no end is told from one that does. */
const MOST_SLICES = 100;

export const immortal: Death = { at: 0, when: 'before' };

/**
 * Until it is done: each worker dies in its own way and is taken up by the next, of whom the last lives on.
 * Returns how many have died.
 */
export async function runDying(
  world: World,
  id: string,
  deaths: readonly Death[],
  onDeath: (nth: number) => Promise<void> = async () => undefined,
): Promise<number> {
  let counted = { calls: 0 };
  let died = 0;
  for (let slices = 0; slices < MOST_SLICES; slices++) {
    // The step of a worker that died is the next one's.
    const step = `1-${slices - died}`;
    const result = await mortalSlice(id, world.ports, deaths[died] ?? immortal, counted, step);
    if (result === null) {
      died += 1;
      counted = { calls: 0 };
      await onDeath(died);
    } else if (result.status !== 'running') return died;
  }
  throw new Error(`Purge ${id} does not end`);
}
