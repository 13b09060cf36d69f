/** What the host hands to an environment's worker thread when it starts. */
export type WorkerSettings = {
  name: string;
  version: string;
  /** Path of the bundle's index.mjs. */
  bundle: string;
  memoryMb: number;
  logStream: string;
  /** Holds the number of the latest invocation, so that an idle environment can sleep until the next. */
  latest: Int32Array<SharedArrayBuffer>;
  /** How far its clock is ahead; null if it is the machine's. */
  offsetMs: Float64Array<SharedArrayBuffer> | null;
};

export type Invocation = {
  /** Counts the environment's invocations, from 1. */
  number: number;
  requestId: string;
  /** JSON, as it travels to Lambda. */
  payload: string;
  deadlineMs: number;
  /** As it was invoked, qualifier included. */
  arn: string;
};

/** Payload and error are JSON, as Lambda answers them. `crashed` and `timed out` also end the environment. */
export type InvocationResult =
  | { outcome: 'answered'; payload: string }
  | { outcome: 'threw' | 'crashed' | 'timed out'; error: string };
