import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, asProblem } from './answers.ts';
import type { Fault } from './faults/behaviour.ts';
import { formOf } from './faults/journal.ts';
import { answerInstead, isWorkDone, type Routed, route, throttled, work } from './serve.ts';
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

/** What reached the client. Null: nothing, or nothing whole. */
export type Delivered = { status: number | null; text: string | null };

/** Sends an answer to the client. `fault`: the answer is right, and this is what happens to it on the way. */
export type Deliver = (answer: Answer, fault: Fault['kind'] | null) => Delivered | Promise<Delivered>;

/** Serves one request, with the limits and faults that the behaviour asks for, and notes it in the journal. */
export async function exchange(state: StudioState, request: ApiRequest, deliver: Deliver): Promise<void> {
  const { method, url, prefix, headers, body } = request;
  const { authorization, 'content-type': contentType } = headers;
  const ownHeaders = state.nextHeaders();
  const routed = route(state.simulation, { method, url, prefix, authorization, contentType, body });
  const { answer, fault, isSpoiled } = await settle(state, request, routed);
  const formed = state.behaviour().errors === 'problem' ? asProblem(answer) : answer;
  const whole = { ...formed, headers: { ...ownHeaders, ...formed.headers } };
  const { status, text } = await deliver(whole, fault && isSpoiled ? fault.kind : null);

  const operation = routed.outcome === 'routed' ? routed.operation.name : null;
  const told = { method, operation, status, fault: fault?.kind ?? null };
  const path = url.pathname.slice(prefix.length);
  state.journal.add({
    ...told,
    path: path + url.search,
    form: formOf(body),
    atMs: state.simulation.now(),
  });
  if (!state.isWatched()) return;
  state.tell({
    ...told,
    version: path.startsWith('/v1/') ? 'v1' : 'v2',
    url: url.origin + path + url.search,
    headers,
    requestBody: body,
    responseBody: text,
  });
}

/** `isSpoiled`: the answer is the right one, and the fault is in how it is delivered. */
type Settled = { answer: Answer; fault?: Fault; isSpoiled?: boolean };

/** Waits as long as Studio takes, within its limits, and does the work unless a fault comes before it. */
async function settle(state: StudioState, request: ApiRequest, routed: Routed): Promise<Settled> {
  const { simulation, limits, sleep } = state;
  const delayMs = state.nextDelayMs();
  const wait = async () => {
    if (delayMs > 0) await sleep(delayMs);
  };
  if (routed.outcome === 'refused') {
    await wait();
    return { answer: routed.answer };
  }
  const { operation, call } = routed;
  if (!limits.enter(operation.name, simulation.behaviour, simulation.now())) {
    await wait();
    return { answer: throttled(simulation.behaviour, simulation.now()) };
  }
  try {
    const fault = state.pickFault(operation.name, request.isReusedConnection);
    await wait();
    if (!fault) return { answer: work(simulation, operation, call) };
    if (fault.kind === 'throttle')
      return { answer: throttled(simulation.behaviour, simulation.now()), fault };
    const done = isWorkDone(fault) ? work(simulation, operation, call) : { status: 200, body: {} };
    const instead = answerInstead(fault);
    return instead ? { answer: instead, fault } : { answer: done, fault, isSpoiled: true };
  } finally {
    limits.leave();
  }
}
