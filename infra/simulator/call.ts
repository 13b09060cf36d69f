import type { Behaviour } from './faults/behaviour.ts';
import type { Store } from './store/store.ts';

/** What every handler works on. */
export type Simulation = {
  accountSid: string;
  seed: number;
  store: Store;
  /** Changes while the server runs. */
  behaviour: Behaviour;
  /** What the behaviour's credentials look like in a header. */
  authorizations: ReadonlySet<string>;
  now: () => number;
};

/** One request that was authenticated and routed. */
export type Call = {
  version: 'v1' | 'v2';
  /** Scheme and host as the caller wrote them, and the prefix under which the API lives: no slash at the end. */
  origin: string;
  path: string;
  query: URLSearchParams;
  form: URLSearchParams;
  flowSid: string;
  executionSid: string;
  stepSid: string;
  revision: string;
};
