import type { IncomingHttpHeaders } from 'node:http';
import type { Behaviour, BehaviourChange } from './faults/behaviour.ts';
import type { LoggedRequest, Statistics } from './faults/journal.ts';
import type { FlowOptions } from './store/flows.ts';
import type { Store } from './store/store.ts';

export type StateOptions = {
  accountSid?: string;
  username?: string;
  password?: string;
  /** Unix milliseconds; the limits per second run on this clock too. */
  now?: () => number;
  /** Waits for latency and late work. Default: timers. */
  sleep?: (ms: number) => Promise<void>;
  /** SIDs, faults and jitter follow from it. */
  seed?: number;
  behaviour?: BehaviourChange;
  /** Default: one published flow, `FW` and thirty-two a. */
  flows?: FlowOptions[];
  onExchange?: Watcher;
};

export type SimulatedStudioOptions = StateOptions & {
  /** 0, the default, takes a free one. Always on 127.0.0.1. */
  port?: number;
  /** The API lives under this path, e.g. `/twilio`; default: none. */
  prefix?: string;
  /** Speaks https with this certificate (PEM); default: http. */
  tls?: { key: string; cert: string };
};

export type StudioControls = {
  store: Store;
  /** At least the last 10,000 requests, oldest first. Each is added once its answer was written. */
  readonly requests: readonly LoggedRequest[];
  behaviour(): Behaviour;
  /** Changes these members from now on. Throws a ValiError for a wrong one. */
  behave(change: BehaviourChange): void;
  statistics(): Statistics;
  /** Calls `watcher` after each exchange. Call the returned function to stop. */
  watch(watcher: Watcher): () => void;
  /** Empties the store and the journal, and restores the flows and the behaviour of the start. */
  reset(): void;
};

export type SimulatedStudio = StudioControls & {
  /** Where the API is, without a slash at the end. */
  url: string;
  /** Closes the connections without a request in progress, as a proxy does. */
  closeIdleConnections(): void;
  close(): Promise<void>;
};

export type Watcher = (exchange: Exchange) => void;

/** A request and the answer that was written to it. */
export type Exchange = LoggedRequest & {
  version: 'v1' | 'v2';
  /** Absolute. */
  url: string;
  headers: IncomingHttpHeaders;
  requestBody: string;
  /** Null if no complete answer was written. */
  responseBody: string | null;
};
