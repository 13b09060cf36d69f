/** Numbers and times as a person reads them. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** `1 execution`, `2 executions`. */
export function many(number: number, one: string, several = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : several}`;
}

/** `4 s`, `3 min 20 s`, `2 h 5 min`: two units at most. */
export function lasting(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds * 1_000 < MINUTE_MS) return `${seconds} s`;
  if (seconds * 1_000 < HOUR_MS) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `2026-11-15 11:35:27 UTC` */
export function moment(iso: string): string {
  return new Date(iso)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$|Z$/, ' UTC');
}
