import { fieldsOf } from '../../../lib/studio/json/parse.ts';

export type FlowStatus = 'draft' | 'published';
export type Revision = {
  friendlyName: string;
  status: FlowStatus;
  definition: unknown;
  commitMessage: string | null;
  authorSid: string | null;
  dateCreated: string;
};
/** A flow has the name and definition of its latest revision. Oldest first. */
export type Flow = { sid: string; revisions: [Revision, ...Revision[]]; testUsers: string[] };
export type FlowOptions = { sid: string } & Partial<Pick<Revision, 'friendlyName' | 'status' | 'definition'>>;

/** The smallest definition that Studio's editor makes: a trigger and nothing behind it. */
export const EMPTY_DEFINITION = {
  description: 'A simulated flow',
  flags: { allow_concurrent_calls: true },
  initial_state: 'Trigger',
  states: [{ name: 'Trigger', type: 'trigger', transitions: [], properties: {} }],
};

export function latestRevision({ revisions }: Flow): Revision {
  return revisions.at(-1) ?? revisions[0];
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
