import { type Answer, type ErrorCode, notFound, refuse } from './answers.ts';
import type { Call, Simulation } from './call.ts';
import type { Behaviour, Fault } from './faults/behaviour.ts';
import { match, type Operation } from './operations.ts';

/** What arrived, read to its end. */
export type Arrival = {
  method: string;
  url: URL;
  prefix: string;
  authorization: string | undefined;
  contentType: string | undefined;
  body: string;
};

export type Routed =
  | { outcome: 'refused'; answer: Answer }
  | { outcome: 'routed'; operation: Operation; call: Call };

const FORM_TYPE = /^application\/x-www-form-urlencoded(\s*;|$)/i;

/** Authenticates and routes, in this order: a stranger does not learn which paths exist. */
export function route(simulation: Simulation, arrival: Arrival): Routed {
  if (!simulation.authorizations.has(arrival.authorization ?? ''))
    return {
      outcome: 'refused',
      answer: {
        ...refuse(20003, 'Authenticate'),
        headers: { 'WWW-Authenticate': 'Basic realm="Twilio API"' },
      },
    };
  const path = arrival.url.pathname.slice(arrival.prefix.length);
  const found = match(arrival.method, path);
  if (found.outcome === 'nothing') return { outcome: 'refused', answer: notFound(path) };
  if (found.outcome === 'wrong-method')
    return { outcome: 'refused', answer: refuse(20004, 'Method not allowed') };
  const { operation, sids } = found;
  // Anything but a form is not looked into: its parameters are missing.
  const isForm = FORM_TYPE.test(arrival.contentType ?? '');
  return {
    outcome: 'routed',
    operation,
    call: {
      version: sids['version'] === 'v1' ? 'v1' : 'v2',
      origin: arrival.url.origin + arrival.prefix,
      path,
      query: arrival.url.searchParams,
      form: new URLSearchParams(isForm ? arrival.body : ''),
      flowSid: sids['FW'] ?? '',
      executionSid: sids['FN'] ?? '',
      stepSid: sids['FT'] ?? '',
      revision: sids['Revision'] ?? '',
    },
  };
}

/** Does the work, unless the execution is one that never lets itself be worked on. */
export function work(simulation: Simulation, operation: Operation, call: Call): Answer {
  const status = stubbornStatus(simulation.behaviour, operation, call.executionSid);
  return status === undefined ? operation.handle(simulation, call) : failure(status);
}

function stubbornStatus(behaviour: Behaviour, { name }: Operation, sid: string): number | undefined {
  if (sid === '' || behaviour.stubborn.length === 0) return undefined;
  // Twelve hexadecimal digits of a SID are a hash of its row: as good as a throw of dice, and always the same.
  const dice = Number.parseInt(sid.slice(-12), 16) / 16 ** 12;
  return behaviour.stubborn.find(
    ({ sids, share, operations }) =>
      (!operations || operations.includes(name)) && (sids.includes(sid) || dice < share),
  )?.status;
}

const FAILURES: Record<number, [ErrorCode, string]> = {
  400: [20001, 'Bad request'],
  401: [20003, 'Authenticate'],
  404: [20404, 'The requested resource was not found'],
  409: [20409, 'The Execution cannot be changed'],
  429: [20429, 'Too Many Requests'],
  503: [20503, 'Service unavailable'],
};

function failure(status: number): Answer {
  const [code, message] = FAILURES[status] ?? [20500, 'Internal server error'];
  const { body } = refuse(code, message);
  return { status, body: { ...body, status } };
}

const SPOILS_THE_BODY: readonly Fault['kind'][] = [
  'cut-body',
  'truncated-json',
  'endless-body',
  'dripping-body',
  'huge-body',
];

/** A right answer that is spoiled on its way exists only once the work was done. */
export function isWorkDone({ kind, work }: Fault): boolean {
  return work === 'done' || SPOILS_THE_BODY.includes(kind);
}

/** The answer that stands whole in the place of the right one; undefined if the fault is of another kind. */
export function answerInstead({ kind, status, body = { message: 'OK' } }: Fault): Answer | undefined {
  switch (kind) {
    case 'error':
      return failure(status ?? 503);
    case 'html':
      return {
        status: status ?? 502,
        body: htmlPage(status ?? 502),
        headers: { 'Content-Type': 'text/html' },
      };
    case 'other-json':
      return { status: status ?? 200, body };
    default:
      return undefined;
  }
}

function htmlPage(status: number): string {
  const title = status < 400 ? 'Please wait' : `${status} Error`;
  return `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
}

export function throttled({ retryAfter }: Behaviour, nowMs: number): Answer {
  const answer = refuse(20429, 'Too Many Requests');
  if (!retryAfter) return answer;
  const { form, seconds } = retryAfter;
  const value = form === 'date' ? new Date(nowMs + seconds * 1_000).toUTCString() : String(seconds);
  return { ...answer, headers: { 'Retry-After': value } };
}
