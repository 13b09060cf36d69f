import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, asProblem, refuse } from './answers.ts';
import type { Machine } from './machine.ts';
import { administer, isAdministrative } from './misbehave/administration.ts';
import type { Fault } from './misbehave/behaviour.ts';
import { deliver, deliverSpoiled } from './misbehave/deliver.ts';
import { formOf } from './misbehave/journal.ts';
import { answerInstead, isWorkDone, type Routed, route, throttled, work } from './serve.ts';

/** Far more than any form that Studio takes. */
const MAX_BODY_BYTES = 1024 * 1024;

export type Wire = {
  machine: Machine;
  prefix: string;
  sleep: (ms: number) => Promise<void>;
  request: IncomingMessage;
  response: ServerResponse;
  isReusedSocket: boolean;
  scheme: 'http' | 'https';
};

/** One request, from its first byte to the last of its answer. */
export async function exchange(wire: Wire): Promise<void> {
  const { machine, prefix, request, response, sleep } = wire;
  const { authorization, host, 'content-type': contentType } = request.headers;
  const method = request.method ?? 'GET';
  const url = URL.parse(request.url ?? '/', `${wire.scheme}://${host ?? '127.0.0.1'}`);
  const body = await readBody(request);
  if (url === null) return void deliver(response, refuse(20001, 'The URL cannot be read'));
  if (body === undefined) return void deliver(response, refuse(20413, 'The body is too large'));
  if (isAdministrative(url.pathname))
    return void deliver(response, administer(machine, method, url.pathname, body));

  const headers = machine.nextHeaders();
  const routed = route(machine.simulation, { method, url, prefix, authorization, contentType, body });
  const { answer, fault, isSpoiled } = await settle(wire, routed);
  const formed = machine.behaviour().errors === 'problem' ? asProblem(answer) : answer;
  const whole = { ...formed, headers: { ...headers, ...formed.headers } };
  const text =
    fault && isSpoiled ? await deliverSpoiled(response, whole, fault.kind, sleep) : deliver(response, whole);

  const told = {
    method,
    operation: routed.outcome === 'routed' ? routed.operation.name : null,
    status: response.headersSent ? response.statusCode : null,
    fault: fault?.kind ?? null,
  };
  const path = url.pathname.slice(prefix.length);
  machine.journal.add({
    ...told,
    path: path + url.search,
    form: formOf(body),
    atMs: machine.simulation.now(),
  });
  if (!machine.isWatched()) return;
  machine.tell({
    ...told,
    version: path.startsWith('/v1/') ? 'v1' : 'v2',
    url: url.origin + path + url.search,
    headers: request.headers,
    requestBody: body,
    responseBody: text,
  });
}

/** `isSpoiled`: the answer is the right one, and the fault is in how it is delivered. */
type Settled = { answer: Answer; fault?: Fault; isSpoiled?: boolean };

/** Waits as long as Studio takes, within its limits, and does the work unless a fault comes before it. */
async function settle({ machine, sleep, isReusedSocket }: Wire, routed: Routed): Promise<Settled> {
  const { simulation, limits } = machine;
  const delayMs = machine.nextDelayMs();
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
    const fault = machine.pickFault(operation.name, isReusedSocket);
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

/** Undefined when it is too large; it is read to its end all the same, so that an answer can be given. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && (length === undefined || length === '0')) return '';
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString('utf8') : undefined;
}
