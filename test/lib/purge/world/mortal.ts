import type { SliceResult } from '../../../../lib/purge/endings.ts';
import type { Ports } from '../../../../lib/purge/session.ts';
import { runSlice } from '../../../../lib/purge/slice.ts';
import { createGate } from './gate.ts';

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

  const around = async <T>(call: () => Promise<T>): Promise<T> => {
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

  const { store, failures, turns, upstream, archive } = ports;
  const mortal: Ports = {
    ...ports,
    // Its own, as everything in a process: what hangs in a dead one holds up nobody else.
    gate: createGate(50),
    store: {
      ...store,
      read: (...args) => around(() => store.read(...args)),
      save: (...args) => around(() => store.save(...args)),
      openBatch: (...args) => around(() => store.openBatch(...args)),
      saveBatch: (...args) => around(() => store.saveBatch(...args)),
      dropBatch: (...args) => around(() => store.dropBatch(...args)),
    },
    failures: {
      ...failures,
      put: (...args) => around(() => failures.put(...args)),
      drop: (...args) => around(() => failures.drop(...args)),
    },
    turns: {
      ask: (...args) => around(() => turns.ask(...args)),
      leave: (...args) => around(() => turns.leave(...args)),
      takeOver: (...args) => around(() => turns.takeOver(...args)),
    },
    upstream: {
      ...upstream,
      async *pages(...args) {
        const pages = upstream.pages(...args)[Symbol.asyncIterator]();
        for (;;) {
          const next = await around(() => pages.next());
          if (next.done) return;
          yield next.value;
        }
      },
      context: (...args) => around(() => upstream.context(...args)),
      end: (...args) => around(() => upstream.end(...args)),
      delete: (...args) => around(() => upstream.delete(...args)),
    },
    archive: archive && { put: (...args) => around(() => archive.put(...args)) },
  };
  return Promise.race([runSlice(id, mortal), died.promise]);
}
