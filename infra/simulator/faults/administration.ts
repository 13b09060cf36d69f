import * as v from 'valibot';
import { parseJson } from '../../../lib/studio/json/json.ts';
import { fieldsOf } from '../../../lib/studio/json/parse.ts';
import type { Answer } from '../answers.ts';
import type { StudioState } from '../studio-state.ts';

const ADMINISTRATION = '/__simulator/';
const ACTIONS = 'GET behaviour, counts, requests, state; POST behaviour, seed, reset';

export function isAdministrative(path: string): boolean {
  return path.startsWith(ADMINISTRATION);
}

/** Needs no credentials: the server listens on loopback only. */
export function administer(studio: StudioState, method: string, path: string, text: string): Answer {
  try {
    const body = act(studio, `${method} ${path.slice(ADMINISTRATION.length)}`, text);
    return body === undefined ? { status: 404, body: { message: ACTIONS } } : { status: 200, body };
  } catch (error) {
    const message = mistakeIn(error);
    if (message === undefined) throw error;
    return { status: 400, body: { message } };
  }
}

function act(studio: StudioState, action: string, text: string): unknown {
  const { store } = studio;
  switch (action) {
    case 'GET behaviour':
      return studio.behaviour();
    case 'POST behaviour':
      v.assert(v.looseObject({}), JSON.parse(text));
      studio.behave(JSON.parse(text));
      return studio.behaviour();
    case 'POST seed': {
      // Parsed twice, so that numbers in the parameters keep their digits.
      const { parameters } = fieldsOf(parseJson(text)) ?? {};
      return store.seed({ ...JSON.parse(text), parameters });
    }
    case 'GET counts':
      return countsOf(studio);
    case 'GET requests':
      return studio.requests;
    case 'GET state':
      return { behaviour: studio.behaviour(), counts: countsOf(studio) };
    case 'POST reset':
      studio.reset();
      return countsOf(studio);
    default:
      return undefined;
  }
}

function countsOf(studio: StudioState) {
  const { deletedWhileActive } = studio.store;
  return { executions: studio.store.count(), deletedWhileActive, ...studio.statistics() };
}

function mistakeIn(error: unknown): string | undefined {
  if (error instanceof v.ValiError)
    return error.issues
      .map((issue: v.BaseIssue<unknown>) => `${v.getDotPath(issue) ?? 'body'}: ${reasonOf(issue)}`)
      .join('; ');
  if (error instanceof SyntaxError) return 'The body is not JSON';
  return error instanceof RangeError ? error.message : undefined;
}

function reasonOf({ type, expected, message }: v.BaseIssue<unknown>): string {
  if (type !== 'strict_object' || expected === 'Object') return message;
  return expected === 'never' ? 'There is no such member' : 'This member is missing';
}
