import type { Ports } from '../../../lib/purge/engine/ports.ts';
import { createLimiterOf } from './ports/limiter.ts';

/** Which call of which port, such as `archive.put`. */
export type CallName =
  | `store.${'read' | 'save' | 'openBatch' | 'takeBatch' | 'saveBatch' | 'dropBatch'}`
  | `failures.${'put' | 'drop'}`
  | `locks.${'acquire' | 'release'}`
  | `upstream.${'pages' | 'context' | 'end' | 'delete'}`
  | 'archive.put';

/** Something that happens around a call that goes out of the process. */
export type Around = <T>(call: () => Promise<T>, name: CallName) => Promise<T>;

/** One worker's ports, each call of which goes through `around`. */
export function withEachCall(ports: Ports, around: Around): Ports {
  const { store, failures, locks, upstream, archive } = ports;
  return {
    ...ports,
    // A limiter of its own, as each process has: calls that hang in a dead worker hold up no other.
    limiter: createLimiterOf(50),
    store: {
      ...store,
      read: (...args) => around(() => store.read(...args), 'store.read'),
      save: (...args) => around(() => store.save(...args), 'store.save'),
      openBatch: (...args) => around(() => store.openBatch(...args), 'store.openBatch'),
      takeBatch: (...args) => around(() => store.takeBatch(...args), 'store.takeBatch'),
      saveBatch: (...args) => around(() => store.saveBatch(...args), 'store.saveBatch'),
      dropBatch: (...args) => around(() => store.dropBatch(...args), 'store.dropBatch'),
    },
    failures: {
      ...failures,
      put: (...args) => around(() => failures.put(...args), 'failures.put'),
      drop: (...args) => around(() => failures.drop(...args), 'failures.drop'),
    },
    locks: {
      acquire: (...args) => around(() => locks.acquire(...args), 'locks.acquire'),
      release: (...args) => around(() => locks.release(...args), 'locks.release'),
    },
    upstream: {
      ...upstream,
      async *pages(...args) {
        const pages = upstream.pages(...args)[Symbol.asyncIterator]();
        for (;;) {
          const next = await around(() => pages.next(), 'upstream.pages');
          if (next.done) return;
          yield next.value;
        }
      },
      context: (...args) => around(() => upstream.context(...args), 'upstream.context'),
      end: (...args) => around(() => upstream.end(...args), 'upstream.end'),
      delete: (...args) => around(() => upstream.delete(...args), 'upstream.delete'),
    },
    archive: archive && { put: (...args) => around(() => archive.put(...args), 'archive.put') },
  };
}
