import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { type Behaviour, type BehaviourChange, behaviourSchema } from './faults/behaviour.ts';
import { Journal, type LoggedRequest, type Statistics } from './faults/journal.ts';
import { Limits } from './faults/limits.ts';
import { createFaultPicker, type FaultPicker } from './faults/pick-fault.ts';
import type { Exchange, StateOptions, StudioControls, Watcher } from './options.ts';
import { createRandom } from './random.ts';
import { sidOf } from './store/execution.ts';
import type { FlowOptions } from './store/flows.ts';
import { Store } from './store/store.ts';

const ACCOUNT_SID = `AC${'a'.repeat(32)}`;
const API_KEY_SID = `SK${'a'.repeat(32)}`;
const DEFAULT_FLOWS: FlowOptions[] = [{ sid: `FW${'a'.repeat(32)}`, friendlyName: 'Welcome' }];

/** Everything that the simulated Studio remembers, however it is reached. */
export class StudioState implements StudioControls {
  readonly accountSid: string;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly store: Store;
  readonly journal = new Journal();
  readonly limits = new Limits();
  readonly requests: readonly LoggedRequest[] = this.journal.requests;
  pickFault: FaultPicker = () => undefined;
  readonly #seed: number;
  readonly #flows: FlowOptions[];
  readonly #firstBehaviour: Behaviour;
  readonly #watchers = new Set<Watcher>();
  #behaviour: Behaviour;
  #random = Math.random;
  #sidsGiven = 0;

  constructor(options: StateOptions) {
    const { now = Date.now, seed = 1, username = API_KEY_SID, password = 'local' } = options;
    const credentials = [{ username, password }];
    this.#firstBehaviour = v.parse(behaviourSchema, { credentials, ...options.behaviour });
    this.#behaviour = this.#firstBehaviour;
    this.accountSid = options.accountSid ?? ACCOUNT_SID;
    this.now = now;
    this.sleep = options.sleep ?? sleepAbout;
    this.#seed = seed;
    this.#flows = options.flows ?? DEFAULT_FLOWS;
    this.store = new Store(seed, now, () => this.#behaviour.listLagMs);
    if (options.onExchange) this.watch(options.onExchange);
    this.reset();
  }

  behaviour(): Behaviour {
    return this.#behaviour;
  }

  behave(change: BehaviourChange): void {
    this.#behaviour = v.parse(behaviourSchema, { ...this.#behaviour, ...change });
    // A new list of faults counts from zero; a change to anything else leaves their counters alone.
    if (change.faults) this.pickFault = createFaultPicker(this.#behaviour.faults, this.#seed);
  }

  statistics(): Statistics {
    return this.journal.statistics(this.limits.peakInFlight);
  }

  reset(): void {
    this.store.clear();
    for (const flow of this.#flows) this.store.addFlow(flow);
    this.journal.clear();
    this.limits.reset();
    this.#behaviour = this.#firstBehaviour;
    this.pickFault = createFaultPicker(this.#behaviour.faults, this.#seed);
    this.#random = createRandom(this.#seed);
    this.#sidsGiven = 0;
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  tell(exchange: Exchange): void {
    for (const watcher of this.#watchers) watcher(exchange);
  }

  isAuthorized(authorization: string): boolean {
    return this.#behaviour.credentials.some(
      ({ username, password }) =>
        authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    );
  }

  /** Waits as long as Studio takes for one request. */
  async delay(): Promise<void> {
    const { latencyMs, latencyJitterMs } = this.#behaviour;
    const delayMs = latencyMs + (latencyJitterMs > 0 ? this.#random() * latencyJitterMs : 0);
    if (delayMs > 0) await this.sleep(delayMs);
  }

  /** The headers that each answer of Twilio's has. */
  nextHeaders(): Record<string, string> {
    return {
      'Twilio-Request-Id': this.newSid('RQ'),
      'Twilio-Concurrent-Requests': String(this.limits.inFlight + 1),
    };
  }

  newSid(prefix: 'FW' | 'RQ'): string {
    return sidOf(prefix, this.#sidsGiven++, this.#seed);
  }
}

/** How late a timer fires on average on an otherwise idle machine. */
const TIMER_LATENESS_MS = 1;

function sleepAbout(ms: number): Promise<void> {
  return wait(Math.max(1, Math.round(ms - TIMER_LATENESS_MS)));
}
