/** Every number of the purge, in one place. */

/** What Studio gives at most in one page. */
export const PAGE_SIZE = 1_000;
/** One batch is one page at most: its SIDs are one item of the table (37 KB of 400). */
export const MAX_BATCH_SIZE = PAGE_SIZE;
/** The first batch, while nothing is known of how fast Studio is. */
export const FIRST_BATCH_SIZE = 200;
export const MIN_BATCH_SIZE = 10;
/** Batches are made as large as can be done in this time, so that a wish to stop is seen soon. */
export const BATCH_TARGET_MS = 8_000;
/** The pace of a batch is that of most of it: one call that hangs takes as long as a whole batch. */
export const MOST = 0.9;
/** Batches at a time: some run out, or wait for a straggler, while the next ones are listed, written down and begun. */
export const MAX_OPEN_BATCHES = 16;
/** So much work is in hand while more is listed and written down, as far as the batches allow. */
export const LISTING_MS = 1_000;
/** Pages that are searched for more, with a few found already, before these are acted on. */
export const MAX_SPARSE_PAGES = 20;

/**
 * The passes in which contexts and steps are read for the archive. An answer that is larger than a pass
 * allows is read again in the next, with fewer at once. In memory an answer takes several times its bytes,
 * and the worker has 512 MB.
 */
export const ARCHIVE_PASSES = [
  { maxBodyBytes: 64 * 1024, atOnce: Number.POSITIVE_INFINITY },
  { maxBodyBytes: 1024 * 1024, atOnce: 8 },
  { maxBodyBytes: 16 * 1024 * 1024, atOnce: 1 },
] as const;
/** Compressed size at which an archive object is stored and the batch starts another. */
export const ARCHIVE_OBJECT_BYTES = 4 * 1024 * 1024;

/** After this, a slice begins no batch, and a little later no execution. */
export const SLICE_BATCHES_MS = 36_000;
export const SLICE_ITEMS_MS = 42_000;
/** Then whatever is still under way is ended, so that the record is written within a minute whatever Studio does. */
export const SLICE_MS = 55_000;
/** The same of a slice after the wish to stop, which only finishes what is in doubt; and of one that learns of it. */
export const LAST_SLICE_MS = 20_000;
export const STOP_GRACE_MS = 10_000;
/** Of one end, delete or context, retries included; ending and deleting are two. */
export const CALL_TIMEOUT_MS = 9_000;
/** A slice that only lists (one second holds too many to begin anew below it) goes on so long, while pages come. */
export const STUCK_SLICE_MS = 240_000;
/** How long it waits for each of them, and how often it writes the record. */
export const NEXT_PAGE_MS = 30_000;
export const HEARTBEAT_MS = 30_000;
/** What has to be left of the process's time for another slice to begin in it. */
export const MIN_SLICE_MS = 90_000;
/** Left of the process's time for what is under way and for the record. */
export const PROCESS_MARGIN_MS = 20_000;
/** How often a slice looks for the wish to stop. */
export const STOP_POLL_MS = 3_000;

/** So many failures in a row, with no success between them, and the slice gives up. */
export const BREAKER_FAILURES = 50;
/** The same where each was refused for good: a page of them may be odd; five pages in a row are not about them. */
export const BREAKER_REFUSALS = 1_000;
/** Pauses between slices that could do nothing, in seconds; short enough to stop within a minute. */
export const PAUSES_SECONDS = [1, 2, 4, 8, 15, 30, 30, 30, 30, 30, 30] as const;
/** Nobody waits out wrong credentials, nor what is refused for good. */
export const MAX_FRUITLESS_REFUSED = 4;

/** A flow is swept until a sweep finds nothing more; so many may find something and delete or end none of it. */
export const MAX_IDLE_SWEEPS = 8;
/** Pauses before such sweeps where nothing but the list was behind: two minutes in all. */
export const LAG_PAUSES_SECONDS = [1, 2, 4, 8, 15, 30, 60] as const;
/** Of what was done a flow keeps a sample; when so often one of it was done again, Studio goes on listing it for ever. */
export const SAMPLE_SIZE = 32;
export const MAX_REPEATS = 4;
/** What failed for a passing reason is tried again after everything else, as long as that helps and at most so often. */
export const MAX_RETRY_ROUNDS = 8;
/** So many rounds are made even if the first helps nobody. */
export const MIN_RETRY_ROUNDS = 2;
export const RETRY_PAUSE_SECONDS = 5;
/** Pauses of a purge that waits for its turn on a flow, in seconds; a turn is one slice. */
export const TURN_PAUSES_SECONDS = [2, 4, 8, 15] as const;
/** While it waits it writes its record no more often than this; see SILENCE_MS. */
export const WAITING_HEARTBEAT_MS = 5 * 60_000;

/** SIDs handled last, which a list that lags behind may still show; and the batches from which the next slice knows them. */
export const RECENT_SIDS = 10_000;
export const RECENT_BATCHES = 8;

/** Consecutive workers that may die in the same step without progress before the purge ends. */
export const MAX_DEATHS = 3;

/** AWS allows 3,000 operations a durable run. */
export const MAX_OPERATIONS_A_RUN = 1_800;
/** Another's last write, perhaps a dead one's, is no reason to give up; somebody who goes on writing is. */
export const MAX_SUPERSEDED = 5;
export const SUPERSEDED_PAUSE_SECONDS = 5;

/** Requested purges that may run at once, in total and for one caller. Scheduled purges do not count. */
export const MAX_RUNNING = 20;
export const MAX_RUNNING_A_CALLER = 5;
/**
 * A request that has not written its purge's record after this time has died. Exceeds the lease of its key.
 */
export const LONGEST_START_MS = 60_000;

/** Failures are tried again so many together: with their reasons they are larger. */
export const RETRY_BATCH_SIZE = 500;
/** Of flows that could not be listed, the record's error tells so many. */
export const MAX_FLOW_ERRORS_TOLD = 5;
