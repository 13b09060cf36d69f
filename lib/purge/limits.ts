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
/** Batches at a time: while one runs out, the next ones are listed, written down and begun. */
export const MAX_OPEN_BATCHES = 4;
/** So much work is in hand while more is listed and written down, as far as the batches allow. */
export const LISTING_MS = 1_000;
/** Pages that are searched for more, with a few found already, before these are acted on. */
export const MAX_SPARSE_PAGES = 20;

/** After this, a slice begins no batch, and a little later no execution; all ends within 60 s. */
export const SLICE_BATCHES_MS = 36_000;
export const SLICE_ITEMS_MS = 42_000;
/** Of one end, delete or context, retries included; ending and deleting are two. */
export const CALL_TIMEOUT_MS = 9_000;
/** A slice that has not got on at all (one second holding too many to list) goes on so long instead. */
export const STUCK_SLICE_MS = 240_000;
/** What has to be left of the process's time for another slice to begin in it. */
export const MIN_SLICE_MS = 90_000;
/** Left of the process's time for what is under way and for the record. */
export const PROCESS_MARGIN_MS = 20_000;
/** How often a batch under way looks for the wish to stop. */
export const STOP_POLL_MS = 3_000;

/** So many failures in a row, with no success between them, and the slice gives up. */
export const BREAKER_FAILURES = 50;
/** Pauses between slices that could do nothing, in seconds; short enough to stop within a minute. */
export const PAUSES_SECONDS = [1, 2, 4, 8, 15, 30, 30, 30, 30, 30, 30] as const;
/** Nobody waits out wrong credentials. */
export const MAX_FRUITLESS_REFUSED = 4;

/** A flow is swept until a sweep finds nothing more, and at most so often. */
export const MAX_SWEEPS = 8;
/** What failed for a passing reason is tried again after everything else, as long as that helps and at most so often. */
export const MAX_RETRY_ROUNDS = 8;
/** So many rounds are made even if the first helps nobody. */
export const MIN_RETRY_ROUNDS = 2;
export const RETRY_PAUSE_SECONDS = 5;
/** How often a purge looks whether it is its turn on a flow; a turn is one slice. */
export const TURN_PAUSE_SECONDS = 2;

/** SIDs handled last, which a list that lags behind may still show. */
export const RECENT_SIDS = 10_000;

/** AWS allows 3,000 operations a durable run. */
export const MAX_OPERATIONS_A_RUN = 1_800;

/** Failures of several batches are tried again together, up to so many: with their reasons they are larger. */
export const RETRY_BATCH_SIZE = 500;
