/** Times and memory of the functions, in the stack and in the local run. */

/** An HTTP API answers 503 after 30 seconds. */
export const HTTP_TIMEOUT_SECONDS = 29;
/** Default of `memoryMb`; docs/decisions/0017 has the measurements. */
export const HTTP_MEMORY_MB = 1_024;

/** Lambda's maximum for one invocation; a slice takes at most 60 seconds of it. */
export const WORKER_TIMEOUT_SECONDS = 15 * 60;
/** The worker mostly waits for Studio, and its memory stays flat however much there is to purge. */
export const WORKER_MEMORY_MB = 512;
/** 2,000 slices of 60 seconds take 34 hours; the rest is for waiting while Studio throttles. */
export const WORKER_RUN_DAYS = 7;
