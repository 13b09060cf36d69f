import { RecentSet } from '../../studio/list/recent-set.ts';
import { RECENT_SIDS } from '../engine/limits.ts';

/** Executions that a list may show and that must not be acted on because of it: only as many as a slice meets. */
export class Handled {
  readonly #underWay = new Set<string>();
  readonly #done = new RecentSet(RECENT_SIDS);
  readonly #gone = new RecentSet(RECENT_SIDS);
  readonly #failed = new Set<string>();
  #failedBefore: ReadonlySet<string> = new Set();

  has(sid: string): boolean {
    return (
      this.#underWay.has(sid) || this.#done.has(sid) || this.#failed.has(sid) || this.#failedBefore.has(sid)
    );
  }

  /** Listed although it was done: by a list that lags behind, or by a Studio that did not do what it says. */
  isShownAgain(sid: string): boolean {
    const isElsewhere = this.#underWay.has(sid) || this.#failed.has(sid) || this.#failedBefore.has(sid);
    return !isElsewhere && this.#done.has(sid);
  }

  /** About to be acted on, or being acted on. */
  isUnderWay(sid: string): void {
    this.#underWay.add(sid);
  }

  isOver(sid: string): void {
    this.#underWay.delete(sid);
  }

  /** A list that lags behind may show it still: of so many, the last ones are remembered. */
  isDone(sid: string): void {
    this.#done.add(sid);
  }

  /** Records that Studio answered 404 for an execution that this purge has not deleted. */
  isGone(sid: string): void {
    this.#done.add(sid);
    this.#gone.add(sid);
  }

  /** Whether `isGone` was called for it, among the last RECENT_SIDS. */
  wasGone(sid: string): boolean {
    return this.#gone.has(sid);
  }

  /** In this slice. */
  hasFailed(sid: string): void {
    this.#failed.add(sid);
  }

  /** In slices before: those of the page at hand, in place of those of the page before. */
  failedBefore(sids: ReadonlySet<string>): void {
    this.#failedBefore = sids;
  }
}
