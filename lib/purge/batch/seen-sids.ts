import { RecentSet } from '../../studio/list/recent-set.ts';
import { RECENT_SIDS } from '../engine/limits.ts';

/**
 * The executions that a list may show although this purge has dealt with them. Bounded: only the last ones
 * are known.
 */
export class SeenSids {
  readonly #taken = new RecentSet(RECENT_SIDS);
  readonly #gone = new RecentSet(RECENT_SIDS);
  readonly #failed = new Set<string>();
  #failedBefore: ReadonlySet<string> = new Set();

  has(sid: string): boolean {
    return this.#taken.has(sid) || this.hasFailed(sid);
  }

  /** In this slice, or in an earlier one as far as `setFailedBefore` says. */
  hasFailed(sid: string): boolean {
    return this.#failed.has(sid) || this.#failedBefore.has(sid);
  }

  /** Whether Studio answered 404 when this purge was about to act on it. */
  wasGone(sid: string): boolean {
    return this.#gone.has(sid);
  }

  /** Of an execution that this purge acts on, or has acted on. */
  add(sid: string): void {
    this.#taken.add(sid);
  }

  addGone(sid: string): void {
    this.#taken.add(sid);
    this.#gone.add(sid);
  }

  addFailed(sid: string): void {
    this.#failed.add(sid);
  }

  /** Replaces those of the page before. */
  setFailedBefore(sids: ReadonlySet<string>): void {
    this.#failedBefore = sids;
  }
}
