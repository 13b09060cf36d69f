import { parseJson } from '../../../lib/studio/json/json.ts';
import { fieldsOf } from '../../../lib/studio/json/parse.ts';
import { MADE_UP_ADDRESSES } from './addresses.ts';
import { ACTIVE, DELETED, ENDED } from './columns.ts';
import { Executions, type Status } from './executions.ts';
import { EMPTY_DEFINITION, type FlowOptions, Flows } from './flows.ts';
import { type SeedRequest, type SeedResult, seedExecutions } from './seed.ts';
import { indexOf, sidOf } from './sids.ts';

export type StoredExecution = {
  sid: string;
  flowSid: string;
  to: string;
  from: string;
  status: Status | 'deleted';
  dateCreated: string;
  dateUpdated: string | null;
  /** Numbers that a double would change are RawNumbers. */
  parameters: Record<string, unknown>;
};
export type StoreFilter = {
  flowSid?: string;
  /** `deleted` finds what the API no longer shows. Without it: active and ended. */
  status?: Status | 'deleted';
  contact?: string;
  dateCreatedFrom?: string;
  dateCreatedTo?: string;
};
export type Counts = { active: number; ended: number; deleted: number };

const STATES: (Status | 'deleted')[] = [];
STATES[ACTIVE] = 'active';
STATES[ENDED] = 'ended';
STATES[DELETED] = 'deleted';

/** What tests and the local run see of the simulated account, past the API and its limits. */
export class Store {
  readonly #seed: number;
  readonly #now: () => number;
  #nextContact = 0;
  #flowsMade = 0;
  /** How often the API was told to delete an execution that had not been ended before. */
  deletedWhileActive = 0;
  executions: Executions;
  flows = new Flows();

  constructor(seed: number, now: () => number) {
    this.#seed = seed;
    this.#now = now;
    this.executions = new Executions(seed, now);
  }

  /** Forgets every execution and flow. */
  clear(): void {
    this.executions = new Executions(this.#seed, this.#now);
    this.flows = new Flows();
    this.#nextContact = 0;
    this.#flowsMade = 0;
    this.deletedWhileActive = 0;
  }

  /** A published flow, unless told otherwise; one that is there already is left as it is. */
  addFlow({ sid, friendlyName, status, definition }: FlowOptions): void {
    if (this.flows.find(sid)) return;
    this.executions.flowNumber(sid);
    this.flows.add(sid, {
      friendlyName: friendlyName ?? 'Simulated flow',
      status: status ?? 'published',
      definition: definition ?? EMPTY_DEFINITION,
      commitMessage: null,
      authorSid: null,
      dateCreated: isoSeconds(this.#now()),
    });
  }

  /** A flow SID that was not given out yet. */
  newFlowSid(): string {
    return sidOf('FW', this.#flowsMade++, this.#seed);
  }

  /** Deterministic; makes the flow if there is none. Throws a RangeError on nonsense. */
  seed(request: SeedRequest): SeedResult {
    this.addFlow({ sid: request.flowSid });
    const contacts = request.contact === undefined ? (request.contacts ?? request.count) : 0;
    const firstContact = request.firstContact ?? this.#nextContact;
    if (firstContact + contacts > MADE_UP_ADDRESSES) throw new RangeError('No more than 10 million contacts');
    const result = seedExecutions(this.executions, request, this.#now(), this.#nextContact);
    this.#nextContact = Math.max(this.#nextContact, firstContact + contacts);
    return result;
  }

  /** How many there are, by status; with a filter, of those that match it. */
  count(filter: Omit<StoreFilter, 'status'> = {}): Counts {
    const counts: Counts = { active: 0, ended: 0, deleted: 0 };
    for (const row of this.#rows(filter)) counts[this.#statusOf(row)]++;
    return counts;
  }

  /** Everything that matches, in the order of creation through API and seeds. */
  *list(filter: StoreFilter = {}): Generator<StoredExecution> {
    for (const row of this.#rows(filter)) {
      const status = this.#statusOf(row);
      if (filter.status === undefined ? status !== 'deleted' : status === filter.status)
        yield this.#read(row);
    }
  }

  /** Also one that was deleted. */
  find(sid: string): StoredExecution | undefined {
    const row = this.#rowOf(sid);
    return row === undefined ? undefined : this.#read(row);
  }

  /** Ends it as if its flow had run out; false when it was not active. */
  end(sid: string): boolean {
    const row = this.#rowOf(sid);
    if (row === undefined || this.executions.stateOf(row) !== ACTIVE) return false;
    this.executions.end(row);
    return true;
  }

  /** Deletes it, active or not, as another user of the account would; false when it was not there. */
  delete(sid: string): boolean {
    const row = this.#rowOf(sid);
    if (row === undefined || this.executions.stateOf(row) === DELETED) return false;
    this.executions.delete(row);
    return true;
  }

  #rowOf(sid: string): number | undefined {
    const row = indexOf('FN', sid, this.executions.salt);
    return row !== undefined && row < this.executions.columns.length ? row : undefined;
  }

  #statusOf(row: number): Status | 'deleted' {
    return STATES[this.executions.stateOf(row)] ?? 'deleted';
  }

  *#rows(filter: StoreFilter): Generator<number> {
    const { columns, contacts, flowSids } = this.executions;
    const flow = filter.flowSid === undefined ? undefined : flowSids.indexOf(filter.flowSid);
    const contact = filter.contact === undefined ? undefined : (contacts.find(filter.contact) ?? -1);
    const fromS = filter.dateCreatedFrom ? Date.parse(filter.dateCreatedFrom) / 1_000 : 0;
    const toS = filter.dateCreatedTo ? Date.parse(filter.dateCreatedTo) / 1_000 : Number.POSITIVE_INFINITY;
    for (let row = 0; row < columns.length; row++) {
      if (flow !== undefined && columns.flow[row] !== flow) continue;
      if (contact !== undefined && columns.contact[row] !== contact) continue;
      const createdS = columns.createdS[row] ?? 0;
      if (createdS >= fromS && createdS < toS) yield row;
    }
  }

  #read(row: number): StoredExecution {
    const { executions } = this;
    const status = this.#statusOf(row);
    const { flow, contact, sender, createdS, updatedS, parameters } = executions.columns.at(row);
    return {
      sid: executions.sidOf(row),
      flowSid: executions.flowSids[flow] ?? '',
      to: executions.contacts.addressOf(contact),
      from: executions.senders.addressOf(sender),
      status,
      dateCreated: isoSeconds(createdS * 1_000),
      dateUpdated: updatedS > 0 ? isoSeconds(updatedS * 1_000) : null,
      parameters: fieldsOf(parseJson(executions.parameters[parameters] ?? '{}')) ?? {},
    };
  }
}

/** Studio's dates have no fraction: 2015-07-30T20:00:00Z. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
