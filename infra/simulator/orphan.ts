/** Read first, so that a parent that dies during the start is noticed too. */
const startedBy = process.ppid;
const CHECK_MS = 200;

/**
 * Calls `then` once the parent process is gone. npm passes a signal to the shell between it and this process,
 * and the shell dies without passing it on.
 */
export function whenOrphaned(then: () => void): void {
  const look = setInterval(() => {
    if (process.ppid === startedBy) return;
    clearInterval(look);
    then();
  }, CHECK_MS);
  look.unref();
}
