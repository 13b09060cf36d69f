import type { Calls } from './calls.ts';
import { endAndDelete } from './end-and-delete.ts';
import { endpoints } from './endpoints.ts';
import { StudioError } from './errors.ts';
import { mayHaveTakenEffect } from './http/retry.ts';
import { fieldsOf } from './json/parse.ts';
import type {
  CallOptions,
  CreateExecutionInput,
  CreateOutcome,
  Execution,
  ListExecutionsQuery,
  Listing,
  ListOptions,
  ListQuery,
} from './types.ts';

export function executionsOf(calls: Calls) {
  const fetch = (flow: string, execution: string, options?: CallOptions) =>
    calls.send(endpoints.fetchExecution, { flow, execution }, options);

  return {
    /**
     * Starts a flow for a contact. Repeated only if Studio has certainly not processed it. If that cannot be
     * known the outcome is `unknown`: look for the execution before sending anything again.
     */
    create: async (
      flow: string,
      { to, from, parameters }: CreateExecutionInput,
      options?: CallOptions,
    ): Promise<CreateOutcome> => {
      const { operation } = endpoints.createExecution;
      if (to === '' || from === '')
        throw new StudioError('invalid-argument', 'To and From must not be empty', { operation });
      const form = { To: to, From: from, Parameters: parameters && JSON.stringify(parameters) };
      try {
        const execution = await calls.send(endpoints.createExecution, { flow }, options, form);
        return { outcome: calls.version === 'v1' ? 'created-or-existing' : 'created', execution };
      } catch (error) {
        if (!(error instanceof StudioError)) throw error;
        if (error.kind === 'conflict')
          return { outcome: 'conflict', conflictingExecutionSid: conflictingSid(error) };
        if (mayHaveTakenEffect(error)) return { outcome: 'unknown', cause: error };
        throw error;
      }
    },
    /** Newest first, and only those of this flow, whatever Studio lists. */
    list: (flow: string, query: ListExecutionsQuery = {}, options?: ListOptions): Listing<Execution> => {
      const { status } = query;
      const from = epochMs('dateCreatedFrom', query);
      const to = epochMs('dateCreatedTo', query);
      return calls.list(endpoints.listExecutions, { flow }, query, options, {
        itemsOf: {},
        filters: {
          status: calls.version === 'v1' ? undefined : status,
          // Whole seconds, as Twilio's SDKs send them. Rounded outwards, and cut to the exact range below.
          DateCreatedFrom: from === undefined ? undefined : wholeSeconds(Math.floor(from / 1000)),
          DateCreatedTo: to === undefined ? undefined : wholeSeconds(Math.ceil(to / 1000)),
        },
        // Filtered again: the status filter is new (April 2026) and unknown to v1.
        keep: (execution) =>
          (execution.flowSid ?? flow) === flow &&
          (status === undefined || (execution.status ?? status) === status) &&
          isWithin(execution.dateCreated, from, to),
      });
    },
    fetch,
    ...endAndDelete(calls, fetch),
    /** Personal data. */
    context: (flow: string, execution: string, options?: CallOptions) =>
      calls.send(endpoints.fetchExecutionContext, { flow, execution }, options),
  };
}

export function stepsOf(calls: Calls) {
  return {
    list: (flow: string, execution: string, query?: ListQuery, options?: ListOptions) =>
      calls.list(endpoints.listSteps, { flow, execution }, query, options),
    fetch: (flow: string, execution: string, step: string, options?: CallOptions) =>
      calls.send(endpoints.fetchStep, { flow, execution, step }, options),
    /** Personal data. */
    context: (flow: string, execution: string, step: string, options?: CallOptions) =>
      calls.send(endpoints.fetchStepContext, { flow, execution, step }, options),
  };
}

/** Twilio's details have it, and its message: "Execution FN… is already active for this contact". */
function conflictingSid({ details, upstreamMessage }: StudioError): string | null {
  const sid = fieldsOf(details)?.['conflicting_execution_sid'] ?? upstreamMessage;
  return (typeof sid === 'string' && /\bFN[0-9a-fA-F]{32}\b/.exec(sid)?.[0]) || null;
}

function epochMs(
  name: 'dateCreatedFrom' | 'dateCreatedTo',
  { [name]: iso }: ListExecutionsQuery,
): number | undefined {
  if (iso === undefined) return undefined;
  const ms = Date.parse(iso);
  if (!Number.isNaN(ms)) return ms;
  const { operation } = endpoints.listExecutions;
  throw new StudioError('invalid-argument', `${name} must be an ISO 8601 date`, { operation });
}

function wholeSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** An execution without a readable date stays: Studio's own filter let it through. */
function isWithin(dateCreated: string | null, from: number | undefined, to: number | undefined): boolean {
  const createdMs = Date.parse(dateCreated ?? '');
  return !(from !== undefined && createdMs < from) && !(to !== undefined && createdMs >= to);
}
