import * as v from 'valibot';
import { parseJson } from '../../../lib/studio/json/json.ts';
import { fieldsOf } from '../../../lib/studio/json/parse.ts';
import {
  type Execution,
  isoSeconds,
  NEVER,
  type NewExecution,
  type Status,
  sidOf,
  statusAt,
  updatedAt,
} from './execution.ts';
import { EMPTY_DEFINITION, type Flow, type FlowOptions } from './flows.ts';
import { planSeed, type SeedRequest, type SeedResult, seedSchema } from './seed.ts';
import { compare, type Place, Timeline } from './timeline.ts';

export type StoredExecution = ReturnType<typeof describe>;
export type StoreFilter = {
  flowSid?: string;
  /** `deleted` finds what the API no longer shows. Without it: active and ended. */
  status?: Status | 'deleted';
  contact?: string;
  dateCreatedFrom?: string;
  dateCreatedTo?: string;
};
export type Counts = Record<Status | 'deleted', number>;

export type ListFilter = { status: Status | undefined; fromMs: number; toMs: number };
/** Where a page begins: at a place in the list, or after a number of matching executions. */
export type Start = { offset: number; place?: Place | undefined };
/** Newest first. `previous`: where the page before begins; `more`: whether there is a page after. */
export type Slice = { executions: Execution[]; more: boolean; previous: Place | undefined };

/** Made-up contacts are +1555 and seven digits. */
const MADE_UP_CONTACTS = 10_000_000;

/** The simulated account, past the API and its limits. Keeps deleted executions until it is cleared. */
export class Store {
  readonly now: () => number;
  readonly salt: number;
  /** In the order of their creation. */
  readonly executions: Execution[] = [];
  readonly flows = new Map<string, Flow>();
  /** How often the API was told to delete an execution that had not been ended before. */
  deletedWhileActive = 0;
  /** The number of the first made-up contact that no seed has used yet. */
  #nextContact = 0;
  readonly #listLagMs: () => number;
  readonly #bySid = new Map<string, Execution>();
  /** By flow; `''` has all executions. */
  readonly #timelines = new Map<string, Timeline>();
  readonly #latestOfPair = new Map<string, Execution>();

  /** Lists show what was there `listLagMs` ago. */
  constructor(salt: number, now: () => number, listLagMs = () => 0) {
    this.salt = salt;
    this.now = now;
    this.#listLagMs = listLagMs;
  }

  /** Forgets every execution and flow. */
  clear(): void {
    this.executions.length = 0;
    for (const map of [this.flows, this.#bySid, this.#timelines, this.#latestOfPair]) map.clear();
    this.deletedWhileActive = 0;
    this.#nextContact = 0;
  }

  /** Adds a flow, published unless told otherwise; leaves one that is there already as it is. */
  addFlow({ sid, ...options }: FlowOptions): void {
    const defaults = {
      friendlyName: 'Simulated flow',
      status: 'published',
      definition: EMPTY_DEFINITION,
    } as const;
    const made = { commitMessage: null, authorSid: null, dateCreated: isoSeconds(this.now()) };
    if (!this.flows.has(sid))
      this.flows.set(sid, { sid, revisions: [{ ...defaults, ...options, ...made }], testUsers: [] });
  }

  /** Deterministic; makes the flow if there is none. Throws a ValiError or RangeError for a wrong request. */
  seed(request: SeedRequest): SeedResult {
    const seed = v.parse(seedSchema, request);
    const firstContact = seed.firstContact ?? this.#nextContact;
    const contactsEnd = firstContact + (seed.contact === undefined ? (seed.contacts ?? seed.count) : 0);
    if (contactsEnd > MADE_UP_CONTACTS) throw new RangeError('No more than 10 million contacts');
    const result: SeedResult = { active: 0, ended: 0, firstSid: null, lastSid: null };
    const hasActive = (to: string, from: string) => this.findActive(to, from) !== undefined;
    for (const planned of planSeed(seed, this.now(), firstContact, hasActive)) {
      const { sid, endedMs } = this.add(planned);
      result[endedMs === NEVER ? 'active' : 'ended']++;
      result.firstSid ??= sid;
      result.lastSid = sid;
    }
    this.addFlow({ sid: seed.flowSid });
    this.#nextContact = Math.max(this.#nextContact, contactsEnd);
    return result;
  }

  /**
   * Adds one execution, active unless `endedMs` says otherwise. The caller must add its flow, and must not
   * add a second active execution for a contact and sender.
   */
  add(input: NewExecution): Execution {
    const number = this.executions.length;
    const { createdMs = this.now() } = input;
    const execution: Execution = {
      sid: sidOf('FN', number, this.salt),
      parameters: '{}',
      flowVersion: 1,
      contactSid: sidOf('FC', input.to, this.salt),
      createdMs,
      dateCreated: isoSeconds(createdMs),
      endedMs: NEVER,
      deletedMs: NEVER,
      number,
      ...input,
    };
    this.executions.push(execution);
    this.#bySid.set(execution.sid, execution);
    for (const timeline of this.#timelinesOf(execution)) timeline.add(execution);
    if (this.statusOf(execution) === 'active') this.#latestOfPair.set(pair(execution), execution);
    return execution;
  }

  /** How many there are, by status; with a filter, of those that match it. */
  count(filter: Omit<StoreFilter, 'status'> = {}): Counts {
    const counts: Counts = { active: 0, ended: 0, deleted: 0 };
    for (const execution of this.#matching(filter)) counts[this.statusOf(execution)]++;
    return counts;
  }

  /** Everything that matches, in the order of creation through API and seeds. */
  *list(filter: StoreFilter = {}): Generator<StoredExecution> {
    for (const execution of this.#matching(filter)) {
      const status = this.statusOf(execution);
      if (filter.status === undefined ? status !== 'deleted' : status === filter.status)
        yield describe(execution, this.now());
    }
  }

  /** Also one that was deleted. */
  find(sid: string): StoredExecution | undefined {
    const execution = this.#bySid.get(sid);
    return execution && describe(execution, this.now());
  }

  /** Ends it; false when it was not active. */
  end(sid: string): boolean {
    const execution = this.#bySid.get(sid);
    if (!execution || this.statusOf(execution) !== 'active') return false;
    execution.endedMs = this.now();
    return true;
  }

  /** Deletes it, active or not; false when it was not there. */
  delete(sid: string): boolean {
    const execution = this.existing(sid);
    if (!execution) return false;
    execution.deletedMs = this.now();
    const shownMs = this.now() - this.#listLagMs();
    for (const timeline of this.#timelinesOf(execution))
      timeline.noteDelete(({ deletedMs }) => deletedMs <= shownMs);
    return true;
  }

  /** The execution itself, unless it was deleted. */
  existing(sid: string): Execution | undefined {
    const execution = this.#bySid.get(sid);
    return execution && this.statusOf(execution) !== 'deleted' ? execution : undefined;
  }

  findActive(to: string, from: string): Execution | undefined {
    const latest = this.#latestOfPair.get(pair({ to, from }));
    return latest && this.statusOf(latest) === 'active' ? latest : undefined;
  }

  statusOf(execution: Execution): Status | 'deleted' {
    return statusAt(execution, this.now());
  }

  /** A page of the flow's list, or of all flows' with `''`. */
  slice(flowSid: string, { status, fromMs, toMs }: ListFilter, start: Start, size: number): Slice {
    const timeline = this.#timelines.get(flowSid) ?? new Timeline();
    const lagMs = this.#listLagMs();
    const shownMs = this.now() - lagMs;
    const [oldest, newest] = [placeAt(fromMs), placeAt(toMs)];
    const isInside = (place: Place) => compare(place, oldest) >= 0 && compare(place, newest) < 0;
    const isShown = (execution: Execution) => {
      const shown = statusAt(execution, shownMs);
      if (shown === 'deleted' || (lagMs > 0 && execution.createdMs > shownMs)) return false;
      return status === undefined || status === shown;
    };
    const take = (walk: Iterable<Execution>, count: number) => {
      const taken: Execution[] = [];
      for (const execution of walk) {
        if (taken.length === count || !isInside(execution)) break;
        if (isShown(execution)) taken.push(execution);
      }
      return taken;
    };
    const { offset, place } = start;
    const from = place && compare(place, newest) < 0 ? place : newest;
    const found = take(timeline.olderThan(from), offset + size + 1).slice(offset);
    const before = place && take(timeline.newerThan(place), size).at(-1);
    return {
      executions: found.slice(0, size),
      more: found.length > size,
      previous: before && { createdMs: before.createdMs, number: before.number + 1 },
    };
  }

  #timelinesOf({ flowSid }: Execution): Timeline[] {
    return [flowSid, ''].map((key) => {
      const timeline = this.#timelines.get(key) ?? new Timeline();
      this.#timelines.set(key, timeline);
      return timeline;
    });
  }

  *#matching(filter: StoreFilter): Generator<Execution> {
    const { flowSid, contact, dateCreatedFrom, dateCreatedTo } = filter;
    const fromMs = dateCreatedFrom ? Date.parse(dateCreatedFrom) : 0;
    const toMs = dateCreatedTo ? Date.parse(dateCreatedTo) : NEVER;
    for (const execution of this.executions) {
      if (flowSid !== undefined && execution.flowSid !== flowSid) continue;
      if (contact !== undefined && execution.to !== contact) continue;
      if (execution.createdMs >= fromMs && execution.createdMs < toMs) yield execution;
    }
  }
}

/** What tests see of an execution. Numbers in the parameters that a double would change are RawNumbers. */
function describe(execution: Execution, nowMs: number) {
  const { sid, flowSid, to, from, dateCreated } = execution;
  const status = statusAt(execution, nowMs);
  const dateUpdated = updatedAt(execution, nowMs);
  const parameters = fieldsOf(parseJson(execution.parameters)) ?? {};
  return { sid, flowSid, to, from, status, dateCreated, dateUpdated, parameters };
}

function pair({ to, from }: Pick<Execution, 'to' | 'from'>): string {
  return `${to.length} ${to}${from}`;
}

/** "On or after" and "before" a moment both begin at the next whole second. */
function placeAt(ms: number): Place {
  return { createdMs: Math.ceil(ms / 1_000) * 1_000, number: 0 };
}
