import { fieldsOf } from '../../../lib/studio/json/parse.ts';

export type FlowStatus = 'draft' | 'published';
export type Revision = {
  revision: number;
  friendlyName: string;
  status: FlowStatus;
  definition: unknown;
  commitMessage: string | null;
  authorSid: string | null;
  dateCreated: string;
};
export type Flow = {
  sid: string;
  /** Oldest first; never empty. */
  revisions: [Revision, ...Revision[]];
  testUsers: string[];
  dateCreated: string;
  dateUpdated: string | null;
};
export type FlowOptions = {
  sid: string;
  friendlyName?: string | undefined;
  status?: FlowStatus | undefined;
  definition?: unknown;
};

/** The smallest definition that Studio's editor makes: a trigger and nothing behind it. */
export const EMPTY_DEFINITION = {
  description: 'A simulated flow',
  flags: { allow_concurrent_calls: true },
  initial_state: 'Trigger',
  states: [{ name: 'Trigger', type: 'trigger', transitions: [], properties: {} }],
};

export class Flows {
  readonly #flows = new Map<string, Flow>();
  /** How many were made through the API. */
  made = 0;

  /** Newest first, as every list. */
  all(): Flow[] {
    return [...this.#flows.values()].reverse();
  }

  find(sid: string): Flow | undefined {
    return this.#flows.get(sid);
  }

  add(sid: string, first: Omit<Revision, 'revision'>): Flow {
    const flow: Flow = {
      sid,
      revisions: [{ ...first, revision: 1 }],
      testUsers: [],
      dateCreated: first.dateCreated,
      dateUpdated: null,
    };
    this.#flows.set(sid, flow);
    return flow;
  }

  revise(flow: Flow, change: Omit<Revision, 'revision'>): void {
    flow.revisions.push({ ...change, revision: flow.revisions.length + 1 });
    flow.dateUpdated = change.dateCreated;
  }

  delete(sid: string): void {
    this.#flows.delete(sid);
  }

  clear(): void {
    this.#flows.clear();
    this.made = 0;
  }
}

export function latestRevision(flow: Flow): Revision {
  return flow.revisions.at(-1) ?? flow.revisions[0];
}

export function latestPublished(flow: Flow): Revision | undefined {
  return flow.revisions.findLast((one) => one.status === 'published');
}

/** As far as this Studio looks: a flow has an initial state and a list of states. */
export function definitionErrors(value: unknown): { message: string; property_path: string }[] {
  const { initial_state, states } = fieldsOf(value) ?? {};
  const isMissing = { initial_state: typeof initial_state !== 'string', states: !Array.isArray(states) };
  return Object.entries(isMissing)
    .filter(([, isIt]) => isIt)
    .map(([name]) => ({ message: 'is missing', property_path: `#/${name}` }));
}

export function isDefinition(value: unknown): boolean {
  return definitionErrors(value).length === 0;
}
