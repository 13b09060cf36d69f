import type { SliceResult } from '../../../../lib/purge/endings.ts';
import type { Ports } from '../../../../lib/purge/session.ts';
import { runSlice } from '../../../../lib/purge/slice.ts';
import { type Around, withEachCall } from './calls.ts';

/** Where a worker dies: at its nth call of a port, before the call has an effect, or after it. */
export type Death = { at: number; when: 'before' | 'after' };

/** Every call that goes out of the process. */
type Counted = { calls: number };

/**
 * Runs one slice in a worker that dies on the way, as a process does: nothing that it has under way goes
 * on, and nobody is told. Returns null if it died.
 */
export async function mortalSlice(
  id: string,
  ports: Ports,
  death: Death,
  counted: Counted = { calls: 0 },
): Promise<SliceResult | null> {
  const died = Promise.withResolvers<null>();
  const never = new Promise<never>(() => undefined);
  let dead = false;

  const around: Around = async (call) => {
    if (dead) return never;
    counted.calls += 1;
    const dies = counted.calls === death.at;
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

  return Promise.race([runSlice(id, withEachCall(ports, around)), died.promise]);
}
