import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import type { Simulation } from './call.ts';
import type { Administration } from './faults/administration.ts';
import {
  type Behaviour,
  type BehaviourChange,
  behaviourSchema,
  DEFAULT_BEHAVIOUR,
} from './faults/behaviour.ts';
import { Journal, type Statistics } from './faults/journal.ts';
import { Limits } from './faults/limits.ts';
import { createFaultPicker, type FaultPicker } from './faults/pick-fault.ts';
import type { Exchange, StateOptions, StudioControls, Watcher } from './options.ts';
import { createRandom } from './random.ts';
import type { FlowOptions } from './store/flows.ts';
import type { SeedRequest, SeedResult } from './store/seed.ts';
import { sidOf } from './store/sids.ts';
import { Store } from './store/store.ts';

const ACCOUNT_SID = `AC${'a'.repeat(32)}`;
const API_KEY_SID = `SK${'a'.repeat(32)}`;
const DEFAULT_FLOWS: FlowOptions[] = [{ sid: `FW${'a'.repeat(32)}`, friendlyName: 'Welcome' }];

/** Everything that the simulated Studio remembers, apart from its sockets. */
export class StudioState implements Administration {
  readonly simulation: Simulation;
  readonly journal = new Journal();
  limits = new Limits();
  pickFault: FaultPicker;
  readonly sleep: (ms: number) => Promise<void>;
  readonly #seed: number;
  readonly #flows: FlowOptions[];
  readonly #firstBehaviour: Behaviour;
  readonly #watchers = new Set<Watcher>();
  #random: () => number;
  #requestNumber = 0;

  constructor(options: StateOptions) {
    const { now = Date.now, seed = 1, username = API_KEY_SID, password = 'local' } = options;
    const defaults = { ...DEFAULT_BEHAVIOUR, credentials: [{ username, password }] };
    this.#firstBehaviour = v.parse(behaviourSchema, { ...defaults, ...options.behaviour });
    this.sleep = options.sleep ?? sleepAbout;
    this.#seed = seed;
    this.#flows = options.flows ?? DEFAULT_FLOWS;
    this.#random = createRandom(seed);
    this.pickFault = createFaultPicker(this.#firstBehaviour.faults, seed);
    this.simulation = {
      accountSid: options.accountSid ?? ACCOUNT_SID,
      seed,
      store: new Store(seed, now),
      behaviour: this.#firstBehaviour,
      authorizations: authorizationsOf(this.#firstBehaviour),
      now,
    };
    for (const flow of this.#flows) this.simulation.store.addFlow(flow);
    if (options.onExchange) this.watch(options.onExchange);
  }

  behaviour(): Behaviour {
    return this.simulation.behaviour;
  }

  behave(change: BehaviourChange): void {
    this.#become(v.parse(behaviourSchema, { ...this.simulation.behaviour, ...change }));
    // A new list of faults counts from zero; a change to anything else leaves their counters alone.
    if (change.faults) this.pickFault = createFaultPicker(this.simulation.behaviour.faults, this.#seed);
  }

  seed(request: SeedRequest): SeedResult {
    return this.simulation.store.seed(request);
  }

  counts(): unknown {
    const { store } = this.simulation;
    return { executions: store.count(), deletedWhileActive: store.deletedWhileActive, ...this.statistics() };
  }

  requests(): unknown {
    return this.journal.requests;
  }

  statistics(): Statistics {
    return this.journal.statistics(this.limits.peakInFlight);
  }

  reset(): void {
    const { store } = this.simulation;
    store.clear();
    for (const flow of this.#flows) store.addFlow(flow);
    this.journal.clear();
    // Requests that are under way leave the old limits.
    this.limits = new Limits();
    this.#become(this.#firstBehaviour);
    this.pickFault = createFaultPicker(this.#firstBehaviour.faults, this.#seed);
    this.#random = createRandom(this.#seed);
    this.#requestNumber = 0;
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #become(behaviour: Behaviour): void {
    this.simulation.behaviour = behaviour;
    this.simulation.authorizations = authorizationsOf(behaviour);
  }

  isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  tell(exchange: Exchange): void {
    for (const watcher of this.#watchers) watcher(exchange);
  }

  nextDelayMs(): number {
    const { latencyMs, latencyJitterMs } = this.simulation.behaviour;
    return latencyMs + (latencyJitterMs > 0 ? this.#random() * latencyJitterMs : 0);
  }

  /** The headers that each answer of Twilio's has. */
  nextHeaders(): Record<string, string> {
    return {
      'Twilio-Request-Id': sidOf('RQ', this.#requestNumber++, ~this.#seed),
      'Twilio-Concurrent-Requests': String(this.limits.inFlight + 1),
    };
  }
}

/** What a test or a program may do with a simulated Studio, however it is reached. */
export function controlsOf(state: StudioState): StudioControls {
  return {
    store: state.simulation.store,
    requests: state.journal.requests,
    behaviour: () => state.behaviour(),
    behave: (change) => state.behave(change),
    statistics: () => state.statistics(),
    watch: (watcher) => state.watch(watcher),
    reset: () => state.reset(),
  };
}

function authorizationsOf({ credentials }: Behaviour): ReadonlySet<string> {
  return new Set(
    credentials.map(
      ({ username, password }) => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    ),
  );
}

/** A timer comes so much late in the mean on an otherwise idle state. */
const TIMER_LATENESS_MS = 1;

function sleepAbout(ms: number): Promise<void> {
  return wait(Math.max(1, Math.round(ms - TIMER_LATENESS_MS)));
}
