import { BREAKER_FAILURES, BREAKER_REFUSALS } from '../engine/limits.ts';
import type { Failing } from './act.ts';

/** Why a slice gives up before it is done: Studio, or the archive, does not do its part now. */
export type Trouble = { reason: string; refused: boolean };

/**
 * Counts failures with no success between them. Fifty passing ones say that Studio is down. What is refused
 * for good may be about the executions, and many of a kind lie side by side: but not a thousand in a row. So a
 * purge whose permission was revoked stops after some thousand calls, whatever Studio calls the reason.
 */
export class Breaker {
  #failures = 0;
  #refusals = 0;

  reset(): void {
    this.#failures = 0;
    this.#refusals = 0;
  }

  /** Why to give up, if it is time to. */
  failed({ reason, transient, refused }: Failing): Trouble | null {
    if (transient) this.#failures += 1;
    else this.#refusals += 1;
    if (this.#refusals >= BREAKER_REFUSALS) return { reason, refused: true };
    return this.#failures >= BREAKER_FAILURES ? { reason, refused } : null;
  }
}
