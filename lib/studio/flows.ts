import type { Calls } from './calls.ts';
import { endpoints } from './endpoints.ts';
import { StudioError } from './errors.ts';
import { fieldsOf, parseFlow, parseNothing, parseTestUsers, parseValidity } from './json/parse.ts';
import type {
  CallOptions,
  DeleteOutcome,
  Flow,
  FlowInput,
  FlowUpdate,
  Listing,
  ListOptions,
  ListQuery,
  TestUsers,
  Validity,
} from './types.ts';

export type Flows = {
  list(query?: ListQuery, options?: ListOptions): Listing<Flow>;
  fetch(flowSid: string, options?: CallOptions): Promise<Flow>;
  /** Sent again only if it surely was not processed; a lost answer is thrown. Not in v1, as all below but delete. */
  create(input: FlowInput, options?: CallOptions): Promise<Flow>;
  /** Makes a new revision. Sent again only if it surely was not processed. */
  update(flowSid: string, update: FlowUpdate, options?: CallOptions): Promise<Flow>;
  delete(flowSid: string, options?: CallOptions): Promise<DeleteOutcome>;
  /** A broken definition is a value, too: Studio's 400 with code 81022. */
  validate(input: FlowInput, options?: CallOptions): Promise<Validity>;
};

export type Revisions = {
  list(flowSid: string, query?: ListQuery, options?: ListOptions): Listing<Flow>;
  fetch(
    flowSid: string,
    revision: number | 'LatestPublished' | 'LatestRevision',
    options?: CallOptions,
  ): Promise<Flow>;
};

/** Who may run the draft of a flow. */
export type TestUsersOfFlows = {
  fetch(flowSid: string, options?: CallOptions): Promise<TestUsers>;
  /** Replaces the whole list. */
  update(flowSid: string, testUsers: readonly string[], options?: CallOptions): Promise<TestUsers>;
};

/** https://www.twilio.com/docs/api/errors/81022 */
const INVALID_DEFINITION = 81022;

export function flowsOf(calls: Calls): Flows {
  return {
    list: (query, options) =>
      calls.list(endpoints.listFlows, {}, { key: 'flows', parseItem: parseFlow, query }, options),
    fetch: (flow, options) => calls.send(endpoints.fetchFlow, { flow }, parseFlow, options),
    create: (input, options) => calls.send(endpoints.createFlow, {}, parseFlow, options, formOf(input)),
    update: (flow, update, options) =>
      calls.send(endpoints.updateFlow, { flow }, parseFlow, options, formOf(update)),
    delete: (flow, options) => remove(calls.send(endpoints.deleteFlow, { flow }, parseNothing, options)),
    validate: async (input, options) => {
      try {
        return await calls.send(endpoints.validateFlow, {}, parseValidity, options, formOf(input));
      } catch (error) {
        if (!(error instanceof StudioError && error.code === INVALID_DEFINITION)) throw error;
        const errors = fieldsOf(error.details)?.['errors'];
        return { valid: false, errors: Array.isArray(errors) ? errors : [] };
      }
    },
  };
}

export function revisionsOf(calls: Calls): Revisions {
  return {
    list: (flow, query, options) =>
      calls.list(
        endpoints.listRevisions,
        { flow },
        { key: 'revisions', parseItem: parseFlow, query, identify: ({ revision }) => String(revision) },
        options,
      ),
    fetch: (flow, revision, options) =>
      calls.send(endpoints.fetchRevision, { flow, revision }, parseFlow, options),
  };
}

export function testUsersOf(calls: Calls): TestUsersOfFlows {
  return {
    fetch: (flow, options) => calls.send(endpoints.fetchTestUsers, { flow }, parseTestUsers, options),
    update: (flow, testUsers, options) =>
      calls.send(endpoints.updateTestUsers, { flow }, parseTestUsers, options, { TestUsers: testUsers }),
  };
}

function formOf({ friendlyName, status, definition, commitMessage }: FlowUpdate) {
  return {
    FriendlyName: friendlyName,
    Status: status,
    Definition: definition === undefined ? undefined : JSON.stringify(definition),
    CommitMessage: commitMessage,
  };
}

/** Returns `already-gone` for a 404 to a delete. */
async function remove(request: Promise<unknown>): Promise<DeleteOutcome> {
  try {
    await request;
    return { outcome: 'deleted' };
  } catch (error) {
    if (error instanceof StudioError && error.kind === 'not-found')
      return { outcome: 'already-gone', afterUnclear: error.afterUnclear };
    throw error;
  }
}
