import { createRandom } from '../../../infra/simulator/random.ts';

/** Who delivers what when, and which handlers are killed: all of it follows from the seed. */

/** Keys a second: below the 20 creates a second that an account may do. */
const KEYS_PER_SECOND = 15;
const MAX_DELIVERIES = 5;
/** Some of them come too late, when the handler has answered: about a tenth of all handlers die. */
const KILLED_SHARE = 0.14;
/** Half of a key's further deliveries come with the first, the others within `SPREAD_MS`. */
const AT_ONCE_SHARE = 0.5;
const AT_ONCE_MS = 40;
const SPREAD_MS = 40_000;
/** About as long as a handler works. */
const KILL_WITHIN_MS = 60;

/** When a handler dies: this time after it got the event, or as soon as Studio has answered its create. */
export type Kill = { afterMs: number } | 'after the create';

type Delivery = { atMs: number; kill: Kill | null };

export type KeyPlan = {
  key: string;
  to: string;
  deliveries: Delivery[];
  /** For what is sent again because nothing else was answered. */
  nextKill: () => Kill | null;
};

export function planKeys(count: number, seed: number): KeyPlan[] {
  return Array.from({ length: count }, (_, at) => {
    const random = createRandom(seed * count + at);
    const nextKill = (): Kill | null => {
      if (random() >= KILLED_SHARE) return null;
      return random() < 0.5 ? 'after the create' : { afterMs: random() * KILL_WITHIN_MS };
    };
    const firstMs = (at / KEYS_PER_SECOND) * 1_000;
    const deliveries = Array.from({ length: 1 + Math.floor(random() * MAX_DELIVERIES) }, (_, nth) => {
      const laterMs = random() < AT_ONCE_SHARE ? random() * AT_ONCE_MS : random() * SPREAD_MS;
      return { atMs: firstMs + (nth === 0 ? 0 : laterMs), kill: nextKill() };
    });
    return { key: `key-${seed}-${at}`, to: `+1555${String(at).padStart(7, '0')}`, deliveries, nextKill };
  });
}
