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
  /** For latency. */
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
  /** The last 10,000 requests at least, oldest first; each is noted once its answer was written. */
  readonly requests: readonly LoggedRequest[];
  behaviour(): Behaviour;
  /** Changes these members from now on. Throws a ValiError on a wrong one. */
  behave(change: BehaviourChange): void;
  statistics(): Statistics;
  /** Calls `watcher` after each exchange; returns how to stop. */
  watch(watcher: Watcher): () => void;
  /** Empties the store and the log; flows and behaviour are those of the start again. */
  reset(): void;
};

export type SimulatedStudio = StudioControls & {
  /** Where the API is, without a slash at the end. */
  url: string;
  /** Drops the connections that carry no request now, as a proxy does with idle ones. */
  closeIdleConnections(): void;
  close(): Promise<void>;
};

export type Watcher = (exchange: Exchange) => void;

/** A request and the answer that was written to it: what a judge looks at. */
export type Exchange = LoggedRequest & {
  version: 'v1' | 'v2';
  /** Absolute. */
  url: string;
  headers: IncomingHttpHeaders;
  requestBody: string;
  /** Null where nothing or nothing whole was written. */
  responseBody: string | null;
};
