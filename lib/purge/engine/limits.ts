/** Every number of the purge, in one place. */

/** The most that Studio puts on one page. */
export const PAGE_SIZE = 1_000;
/** The SIDs of a batch are one item of the table (37 KB of 400). */
export const MAX_BATCH_SIZE = PAGE_SIZE;
/** Failures are larger, because of their reasons. */
export const RETRY_BATCH_SIZE = 500;
/** One call that hangs keeps its batch open, and the batches behind it unsettled. */
export const MAX_OPEN_BATCHES = 16;
/** The next page is listed and saved in this time, while what is left of the others is done. */
export const LISTING_MS = 1_000;

/**
 * Sizes of contexts, and of the steps of one execution, for the archive. What is larger than the first is
 * read again, one execution at a time. In memory it takes several times its bytes; the worker has 512 MB.
 */
export const ARCHIVE_BODY_BYTES = 256 * 1024;
export const ARCHIVE_MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Size of its lines at which an archive object is stored and another one begins. */
export const ARCHIVE_OBJECT_BYTES = 4 * 1024 * 1024;

/** After this, a slice starts no batch, and a little later no execution. */
export const SLICE_BATCHES_MS = 36_000;
export const SLICE_ITEMS_MS = 42_000;
/** Then its calls are aborted, so that the record is saved within a minute, whatever Studio does. */
export const SLICE_MS = 55_000;
/**
 * The same for a slice after a stop request, which only recovers batches, and for one that learns of the
 * request.
 */
export const LAST_SLICE_MS = 20_000;
export const STOP_GRACE_MS = 10_000;
/** How often a slice looks for a stop request. */
export const STOP_POLL_MS = 3_000;
/** Of one end, delete or context, retries included; ending and deleting are two. */
export const CALL_TIMEOUT_MS = 9_000;
/** What must be left of the process's time for another slice. */
export const MIN_SLICE_MS = 90_000;

/** Failures in a row, with no success between them, after which a slice stops. */
export const BREAKER_FAILURES = 50;
/** The same where Studio refuses each permanently. */
export const BREAKER_REFUSALS = 1_000;
/** Pauses between slices without progress; short enough to stop within a minute. */
export const PAUSES_SECONDS = [1, 2, 4, 8, 15, 30, 30, 30, 30, 30, 30] as const;
/** Wrong credentials do not become right by waiting. */
export const MAX_SLICES_REFUSED = 4;

/** Pauses before another sweep while the list lags behind. As many sweeps in a row may shrink nothing. */
export const LAG_PAUSES_SECONDS: readonly number[] = [2, 10, 30, 60];
/** Rounds over what has failed: the most, and those that are made although the first has not helped. */
export const MAX_RETRY_ROUNDS = 8;
export const MIN_RETRY_ROUNDS = 2;
export const RETRY_PAUSE_SECONDS = 5;

/** Pauses of a purge that waits for a lock, which another purge has for a slice. */
export const LOCK_WAITS_SECONDS = [2, 4, 8, 15] as const;
/** Longer than a slice and the longest pause between two. */
export const LOCK_LEASE_SECONDS = 120;
/** While a purge waits, it saves its record no more often than this; see HEARTBEAT_TIMEOUT_MS. */
export const WAITING_HEARTBEAT_MS = 5 * 60_000;

/**
 * The last SIDs that were dealt with, which a list that lags behind may show; and the batches that hold them.
 */
export const RECENT_SIDS = 10_000;
export const RECENT_BATCHES = 8;

/** Consecutive workers that may crash in the same step without progress before the purge ends. */
export const MAX_CRASHES = 3;

/** AWS allows 3,000 operations a durable run. */
export const MAX_OPERATIONS_A_RUN = 1_800;
/** Consecutive slices that may find that another worker has saved the record. */
export const MAX_SUPERSEDED = 5;
export const SUPERSEDED_PAUSE_SECONDS = 5;

/** Requested purges that may run at once, in total and for one caller. Scheduled purges do not count. */
export const MAX_RUNNING = 20;
export const MAX_RUNNING_A_CALLER = 5;
/**
 * A request that has not written its purge's record after this time has crashed. Exceeds the lease of its
 * key.
 */
export const LONGEST_START_MS = 60_000;

/** Flows that could not be listed, which the record's error names. */
export const MAX_FLOW_ERRORS_TOLD = 5;
