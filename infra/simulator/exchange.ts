import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, notFound, Refusal } from './answers.ts';
import type { Fault } from './faults/behaviour.ts';
import { type Delivery, deliveryOf, spoilsBody } from './faults/delivery.ts';
import { answerInstead, failure, stubbornStatus, throttled } from './faults/failures.ts';
import { formOf } from './faults/journal.ts';
import { handlers } from './handlers/handlers.ts';
import { type Call, match } from './operations.ts';
import type { StudioState } from './studio-state.ts';

/** One request to the API, read to its end. */
export type ApiRequest = {
  method: string;
  url: URL;
  /** The path under which the API is served; `''` for none. */
  prefix: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Whether its connection has carried a request before. */
  isReusedConnection: boolean;
};

const FORM_TYPE = /^application\/x-www-form-urlencoded(\s*;|$)/i;

/** Serves one request, with the limits and faults of the behaviour, and notes it in the journal. */
export async function exchange(
  studio: StudioState,
  request: ApiRequest,
  deliver: (delivery: Delivery) => void | Promise<void>,
): Promise<void> {
  const { method, url, prefix, headers, body } = request;
  const path = url.pathname.slice(prefix.length);
  const ownHeaders = studio.nextHeaders();
  const admitted = orRefusal(studio, () => admit(studio, request, path));
  await studio.delay();
  const answer = 'call' in admitted ? act(studio, admitted) : admitted;
  const { call = null, fault = null } = 'call' in admitted ? admitted : {};
  const delivery = deliveryOf({ ...answer, headers: { ...ownHeaders, ...answer.headers } }, fault);
  await deliver(delivery);
  const logged = {
    method,
    path: path + url.search,
    operation: call?.operation ?? null,
    form: formOf(body),
    status: delivery.status,
    fault: fault?.kind ?? null,
    atMs: studio.now(),
  };
  studio.journal.add(logged);
  studio.tell({
    ...logged,
    version: path.startsWith('/v1/') ? 'v1' : 'v2',
    url: url.origin + path + url.search,
    headers,
    requestBody: body,
    responseBody: delivery.end === 'whole' ? delivery.body : null,
  });
}

/** `isIn`: within the limits, so that it must leave them. */
type Admitted = { call: Call; isIn: boolean; fault: Fault | undefined };

/** Authenticates before it routes: without credentials, the answer does not tell which paths exist. */
function admit(studio: StudioState, request: ApiRequest, path: string): Admitted {
  const { method, url, prefix, headers, body, isReusedConnection } = request;
  if (!studio.isAuthorized(headers.authorization ?? ''))
    throw new Refusal(20003, 'Authenticate', { headers: { 'WWW-Authenticate': 'Basic realm="Twilio API"' } });
  const matched = match(method, path);
  if (matched === 'not-found') throw notFound(path);
  if (matched === 'wrong-method') throw new Refusal(20004, 'Method not allowed');
  // A body of another type is ignored: its parameters are missing.
  const isForm = FORM_TYPE.test(headers['content-type'] ?? '');
  const call = {
    ...matched,
    origin: url.origin + prefix,
    path,
    query: url.searchParams,
    form: new URLSearchParams(isForm ? body : ''),
  };
  const isIn = studio.limits.enter(call.operation, studio.behaviour(), studio.now());
  return { call, isIn, fault: isIn ? studio.pickFault(call.operation, isReusedConnection) : undefined };
}

/** Does the work, unless a fault or a limit comes before it. */
function act(studio: StudioState, { call, isIn, fault }: Admitted): Answer {
  const behaviour = studio.behaviour();
  if (!isIn) return throttled(behaviour, studio.now()).answer(behaviour.errors);
  try {
    return orRefusal(studio, () => {
      if (!fault) return work(studio, call);
      if (fault.kind === 'throttle') throw throttled(behaviour, studio.now());
      const right = workWith(studio, call, fault);
      return answerInstead(fault) ?? right;
    });
  } finally {
    studio.limits.leave();
  }
}

/** The right answer, if the fault lets Studio do the work before it answers. */
function workWith(studio: StudioState, call: Call, fault: Fault): Answer {
  if (fault.work === 'done' && fault.workDelayMs > 0)
    void studio.sleep(fault.workDelayMs).then(() => orRefusal(studio, () => work(studio, call)));
  else if (fault.work === 'done' || spoilsBody(fault)) return orRefusal(studio, () => work(studio, call));
  return { status: 200, body: {} };
}

function work(studio: StudioState, call: Call): Answer {
  const status = stubbornStatus(studio.behaviour(), call);
  if (status !== undefined) throw failure(status);
  const body = handlers[call.operation](studio, call);
  if (body === undefined) return { status: 204 };
  return { status: call.version === 'v2' && call.operation.startsWith('Create') ? 201 : 200, body };
}

function orRefusal<T>(studio: StudioState, attempt: () => T): T | Answer {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof Refusal) return error.answer(studio.behaviour().errors);
    throw error;
  }
}
