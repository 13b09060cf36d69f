const listening = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `then` when the signal aborts, until what is returned is called. For signals that many calls share: of
 * each listener that comes or goes Node compares all that are there, 250 of them a delete in a purge.
 */
export function onAbort(signal: AbortSignal, then: () => void): () => void {
  const known = listening.get(signal);
  const all = known ?? new Set();
  if (!known) {
    listening.set(signal, all);
    signal.addEventListener('abort', () => {
      for (const one of all) one();
    });
  }
  all.add(then);
  return () => void all.delete(then);
}
