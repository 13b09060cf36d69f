/** What the host and a function's worker thread say to each other. */

export type WorkerSettings = {
  name: string;
  version: string;
  /** Path of the bundle's index.mjs. */
  bundle: string;
  memoryMb: number;
  logStream: string;
  /** Holds the number of the latest invocation, so that an idle environment can sleep until the next. */
  latest: Int32Array<SharedArrayBuffer>;
  /** How far its clock is ahead; null where it is the machine's. */
  offsetMs: Float64Array<SharedArrayBuffer> | null;
};

export type Invocation = {
  id: number;
  requestId: string;
  /** JSON, as it travels to Lambda. */
  payload: string;
  deadlineMs: number;
  /** As it was invoked, qualifier included. */
  arn: string;
};

export type FromWorker =
  | { kind: 'answer'; id: number; payload: string }
  | { kind: 'threw'; id: number; error: string }
  | { kind: 'init failed'; id: number; error: string };
