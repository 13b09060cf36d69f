import type { Calls } from './calls.ts';
import { endpoints } from './endpoints.ts';
import { StudioError } from './errors.ts';
import { fieldsOf } from './json/parse.ts';
import type {
  CallOptions,
  DeleteOutcome,
  FlowInput,
  FlowUpdate,
  ListOptions,
  ListQuery,
  Validity,
} from './types.ts';

/** https://www.twilio.com/docs/api/errors/81022 */
const INVALID_DEFINITION = 81022;

export function flowsOf(calls: Calls) {
  return {
    list: (query?: ListQuery, options?: ListOptions) => calls.list(endpoints.listFlows, {}, query, options),
    fetch: (flow: string, options?: CallOptions) => calls.send(endpoints.fetchFlow, { flow }, options),
    /** Not repeated if Studio may have processed it. v2 only, like `update` and `validate`. */
    create: (input: FlowInput, options?: CallOptions) =>
      calls.send(endpoints.createFlow, {}, options, formOf(input)),
    /** Makes a new revision. Not repeated if Studio may have processed it. */
    update: (flow: string, update: FlowUpdate, options?: CallOptions) =>
      calls.send(endpoints.updateFlow, { flow }, options, formOf(update)),
    delete: async (flow: string, options?: CallOptions): Promise<DeleteOutcome> => {
      try {
        await calls.send(endpoints.deleteFlow, { flow }, options);
        return { outcome: 'deleted' };
      } catch (error) {
        if (error instanceof StudioError && error.kind === 'not-found')
          return { outcome: 'already-gone', afterLostResponse: error.afterLostResponse };
        throw error;
      }
    },
    /** An invalid definition is a value: Studio refuses it with a 400 and code 81022. */
    validate: async (input: FlowInput, options?: CallOptions): Promise<Validity> => {
      try {
        return await calls.send(endpoints.validateFlow, {}, options, formOf(input));
      } catch (error) {
        if (!(error instanceof StudioError && error.code === INVALID_DEFINITION)) throw error;
        const errors = fieldsOf(error.details)?.['errors'];
        return { valid: false, errors: Array.isArray(errors) ? errors : [] };
      }
    },
  };
}

export function revisionsOf(calls: Calls) {
  return {
    list: (flow: string, query?: ListQuery, options?: ListOptions) =>
      calls.list(endpoints.listRevisions, { flow }, query, options, {
        identify: ({ revision }) => String(revision),
      }),
    fetch: (flow: string, revision: number | 'LatestPublished' | 'LatestRevision', options?: CallOptions) =>
      calls.send(endpoints.fetchRevision, { flow, revision }, options),
  };
}

/** Reads and replaces the contacts that run a flow's draft instead of its published revision. */
export function testUsersOf(calls: Calls) {
  return {
    fetch: (flow: string, options?: CallOptions) => calls.send(endpoints.fetchTestUsers, { flow }, options),
    /** Replaces the whole list. */
    update: (flow: string, testUsers: readonly string[], options?: CallOptions) =>
      calls.send(endpoints.updateTestUsers, { flow }, options, { TestUsers: testUsers }),
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
