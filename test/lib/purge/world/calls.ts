import type { Ports } from '../../../../lib/purge/session.ts';
import { createGate } from './gate.ts';

/** Something that happens around a call that goes out of the process. */
export type Around = <T>(call: () => Promise<T>) => Promise<T>;

/** One worker's ports, each call of which goes through `around`. */
export function withEachCall(ports: Ports, around: Around): Ports {
  const { store, failures, turns, upstream, archive } = ports;
  return {
    ...ports,
    // Its own, as everything in a process: what hangs in a dead one holds up nobody else.
    gate: createGate(50),
    store: {
      ...store,
      read: (...args) => around(() => store.read(...args)),
      save: (...args) => around(() => store.save(...args)),
      openBatch: (...args) => around(() => store.openBatch(...args)),
      takeBatch: (...args) => around(() => store.takeBatch(...args)),
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
}
