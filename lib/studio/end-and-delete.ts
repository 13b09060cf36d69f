import type { Calls } from './calls.ts';
import { endpoints } from './endpoints.ts';
import { StudioError, type StudioErrorKind } from './errors.ts';
import type { CallOptions, DeleteOutcome, EndOutcome, Execution } from './types.ts';

type Of = [flowSid: string, executionSid: string, options?: CallOptions];

/**
 * Studio's answer to an end or a delete is ambiguous: a 409 may mean that another update is under way, and a
 * 404 or a 2xx may be wrong. In these cases one fetch finds out the state of the execution.
 */
export function endAndDelete(calls: Calls, fetch: (...of: Of) => Promise<Execution>) {
  /**
   * Returns the execution, the `not-found` error if it does not exist, or undefined if neither is certain.
   */
  async function lookFor(...of: Of): Promise<Execution | StudioError | undefined> {
    try {
      return await fetch(...of);
    } catch (error) {
      if (!(error instanceof StudioError) || error.kind === 'aborted' || error.kind === 'other-flow')
        throw error;
      return error.kind === 'not-found' ? error : undefined;
    }
  }

  /** Tries to end the execution once. Returns the `conflict` error if it has not ended. */
  async function tryToEnd(...of: Of): Promise<EndOutcome | StudioError> {
    const [flow, execution, options] = of;
    const { operation } = endpoints.endExecution;
    const form = { Status: 'ended' };
    const told = await calls
      .send(endpoints.endExecution, { flow, execution }, options, form)
      .catch(doubtful(['conflict', 'not-found']));
    if (!(told instanceof StudioError) && told.status === 'ended')
      return { outcome: 'ended', execution: told };

    const seen = await lookFor(...of);
    if (seen instanceof StudioError) throw seen;
    if (told instanceof StudioError) {
      const { kind, afterLostResponse } = told;
      if (seen?.status === 'ended')
        return { outcome: 'already-ended', afterLostResponse: afterLostResponse || kind === 'nonsense' };
      if (kind === 'conflict') return told;
      throw kind === 'not-found' && seen ? stillThere(told) : told;
    }
    if (seen?.status === 'ended') return { outcome: 'ended', execution: seen };
    const details = { operation, sent: true, afterLostResponse: true };
    if (!seen && told.status === null)
      throw new StudioError('nonsense', 'Studio confirmed the end without a known status', details);
    const message = 'Studio confirmed the end but does not show the execution as ended';
    return new StudioError('conflict', message, details);
  }

  return {
    /**
     * Ends an active execution; returns `already-ended` if a fetch shows that it has already ended. Throws
     * `conflict` if Studio refuses or confirms the end, but does not show the execution as ended, and
     * `still-there` if it answers 404, but still shows the execution.
     */
    end: async (...of: Of): Promise<EndOutcome> => {
      let afterLostResponse = false;
      return calls.repeat(async () => {
        const result = await tryToEnd(...of);
        afterLostResponse ||= 'afterLostResponse' in result && result.afterLostResponse;
        return 'outcome' in result && result.outcome === 'already-ended'
          ? { ...result, afterLostResponse }
          : result;
      }, of[2]);
    },
    /**
     * Deletes an execution with its steps; returns `already-gone` if it does not exist. End an active one
     * first. Throws `still-there` if Studio answers 404 but still shows the execution.
     */
    delete: async (...of: Of): Promise<DeleteOutcome> => {
      const [flow, execution, options] = of;
      const told = await calls
        .send(endpoints.deleteExecution, { flow, execution }, options)
        .catch(doubtful(['not-found']));
      if (!(told instanceof StudioError)) return { outcome: 'deleted' };

      const seen = await lookFor(...of);
      const isGone = seen instanceof StudioError;
      if (told.kind === 'nonsense' && !isGone) throw told;
      if (seen && !isGone) throw stillThere(told);
      return {
        outcome: 'already-gone',
        afterLostResponse: told.afterLostResponse || told.kind === 'nonsense',
      };
    },
  };
}

/**
 * Makes a handler for `catch`: returns errors of these kinds, and those of a success that could not be read,
 * because a fetch then decides; rethrows all others.
 */
function doubtful(kinds: readonly StudioErrorKind[]): (error: unknown) => StudioError {
  return (error) => {
    if (!(error instanceof StudioError)) throw error;
    const { kind, status = 0 } = error;
    if (kinds.includes(kind) || (kind === 'nonsense' && status >= 200 && status < 300)) return error;
    throw error;
  };
}

function stillThere({ operation, status, code, afterLostResponse }: StudioError): StudioError {
  return new StudioError('still-there', 'Studio answered 404 for an execution that it shows', {
    operation,
    status,
    code,
    afterLostResponse,
    sent: true,
  });
}
