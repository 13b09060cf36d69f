import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { ADMINISTRATION, type Administration, administer } from './administration.ts';
import type { Answer } from './answers.ts';
import {
  type Behaviour,
  type BehaviourChange,
  behaviourSchema,
  DEFAULT_BEHAVIOUR,
  type Fault,
} from './behaviour.ts';
import type { Simulation } from './call.ts';
import { deliver, deliverSpoiled, htmlPage } from './deliver.ts';
import { createFaultPicker } from './faults.ts';
import { Journal, type LoggedRequest, type Statistics } from './journal.ts';
import { Limits } from './limits.ts';
import type { OperationName } from './names.ts';
import { createRandom } from './random.ts';
import { type Arrival, answerOf, route, throttled, work } from './serve.ts';
import type { FlowOptions } from './store/flows.ts';
import { sidOf } from './store/sids.ts';
import { Store } from './store/store.ts';

export type SimulatedStudioOptions = {
  /** 0, the default, takes a free one. Always on 127.0.0.1. */
  port?: number;
  /** The API lives under this path, e.g. `/twilio`; default: none. */
  prefix?: string;
  accountSid?: string;
  username?: string;
  password?: string;
  /** Unix milliseconds; the limits per second run on this clock too. */
  now?: () => number;
  /** For latency. */
  sleep?: (ms: number) => Promise<void>;
  /** SIDs, faults and jitter follow from it. */
  seed?: number;
  behaviour?: BehaviourChange;
  /** Default: one published flow, `FW` and thirty-two a. */
  flows?: FlowOptions[];
  onExchange?: (exchange: Exchange) => void;
};

/** A request and the answer that was written to it: what a judge looks at. */
export type Exchange = {
  operation: OperationName | null;
  version: 'v1' | 'v2';
  method: string;
  /** Absolute. */
  url: string;
  headers: IncomingMessage['headers'];
  requestBody: string;
  status: number | null;
  /** Null where nothing or nothing whole was written. */
  responseBody: string | null;
  fault: Fault['kind'] | null;
};

export type SimulatedStudio = {
  url: string;
  store: Store;
  /** The last requests, oldest first. */
  readonly requests: readonly LoggedRequest[];
  behaviour(): Behaviour;
  /** Changes these members from now on. Throws a ValiError on a wrong one. */
  behave(change: BehaviourChange): void;
  statistics(): Statistics;
  /** Calls `watcher` after each exchange; returns how to stop. */
  watch(watcher: (exchange: Exchange) => void): () => void;
  /** Empties the store and the log; flows and behaviour are those of the start again. */
  reset(): void;
  /** Drops the connections that carry no request now, as a proxy does with idle ones. */
  closeIdleConnections(): void;
  close(): Promise<void>;
};

const ACCOUNT_SID = `AC${'a'.repeat(32)}`;
const API_KEY_SID = `SK${'a'.repeat(32)}`;
const DEFAULT_FLOW: FlowOptions = { sid: `FW${'a'.repeat(32)}`, friendlyName: 'Welcome' };
const MAX_BODY_BYTES = 1024 * 1024;

/** Twilio Studio's REST API on a free port of this machine. */
export async function startSimulatedStudio(options: SimulatedStudioOptions = {}): Promise<SimulatedStudio> {
  const { now = Date.now, sleep = (ms) => wait(ms), seed = 1, prefix = '' } = options;
  const credentials = [{ username: options.username ?? API_KEY_SID, password: options.password ?? 'local' }];
  const firstBehaviour = v.parse(behaviourSchema, {
    ...DEFAULT_BEHAVIOUR,
    credentials,
    ...options.behaviour,
  });
  const store = new Store(seed, now);
  const simulation: Simulation = {
    accountSid: options.accountSid ?? ACCOUNT_SID,
    seed,
    store,
    behaviour: firstBehaviour,
    now,
  };
  const journal = new Journal();
  const watchers = new Set<(exchange: Exchange) => void>(options.onExchange ? [options.onExchange] : []);
  const usedSockets = new WeakSet<Socket>();
  let limits = new Limits();
  let random = createRandom(seed);
  let pickFault = createFaultPicker(firstBehaviour.faults, seed);
  let requestNumber = 0;

  const addFlows = () => {
    for (const flow of options.flows ?? [DEFAULT_FLOW]) store.addFlow(flow);
  };
  addFlows();

  const administration: Administration = {
    behaviour: () => simulation.behaviour,
    behave: (change) => {
      simulation.behaviour = v.parse(behaviourSchema, { ...simulation.behaviour, ...change });
      if (change.faults) pickFault = createFaultPicker(simulation.behaviour.faults, seed);
    },
    counts: () => ({
      executions: store.count(),
      deletedWhileActive: store.deletedWhileActive,
      ...journal.statistics(limits.peakInFlight),
    }),
    requests: () => journal.requests,
    seed: (request) => store.seed(request),
    reset: () => {
      store.clear();
      addFlows();
      journal.clear();
      limits = new Limits();
      random = createRandom(seed);
      simulation.behaviour = firstBehaviour;
      pickFault = createFaultPicker(firstBehaviour.faults, seed);
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isReusedSocket = usedSockets.has(request.socket);
    usedSockets.add(request.socket);
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? '127.0.0.1'}`);
    const method = request.method ?? 'GET';
    const body = await readBody(request);
    if (body === undefined) return void response.writeHead(413).end();
    if (url.pathname.startsWith(ADMINISTRATION)) {
      deliver({ response, sleep, answer: administer(administration, method, url.pathname, body) });
      return;
    }
    const { authorization, 'content-type': contentType } = request.headers;
    const arrival: Arrival = { method, url, prefix, authorization, contentType, body };
    const routed = route(simulation, arrival);
    const operation = routed.outcome === 'routed' ? routed.operation.name : null;
    const own = limits;
    const headers = {
      'Twilio-Request-Id': sidOf('RQ', requestNumber++, ~seed),
      'Twilio-Concurrent-Requests': String(own.inFlight + 1),
    };
    let answer: Answer;
    let fault: Fault | undefined;
    const { latencyMs, latencyJitterMs } = simulation.behaviour;
    const delayMs = latencyMs + (latencyJitterMs > 0 ? random() * latencyJitterMs : 0);
    if (routed.outcome === 'refused') {
      if (delayMs > 0) await sleep(delayMs);
      answer = routed.answer;
    } else if (!own.enter(routed.operation.name, simulation.behaviour, now())) {
      if (delayMs > 0) await sleep(delayMs);
      answer = throttled(simulation.behaviour, now());
    } else {
      fault = pickFault(routed.operation.name, isReusedSocket);
      try {
        if (delayMs > 0) await sleep(delayMs);
        const isDone = fault === undefined || fault.work === 'done' || deliversTheAnswer(fault);
        const done = isDone ? work(simulation, routed.operation, routed.call) : { status: 503, body: {} };
        answer = (fault && answerOf(fault, routed.call.path)) ?? done;
        if (fault?.kind === 'throttle') answer = throttled(simulation.behaviour, now());
      } finally {
        own.leave();
      }
    }
    answer = { ...answer, headers: { ...headers, ...answer.headers } };
    const text = await write(response, answer, fault);
    const status = fault?.kind === 'cut' || fault?.kind === 'hang' ? null : response.statusCode;
    const kind = fault?.kind ?? null;
    journal.add({
      method,
      path: url.pathname.slice(prefix.length) + url.search,
      operation,
      form: formOf(body),
      status,
      fault: kind,
      atMs: now(),
    });
    const version = url.pathname.startsWith(`${prefix}/v1/`) ? 'v1' : 'v2';
    const exchange: Exchange = {
      operation,
      version,
      method,
      url: url.href,
      headers: request.headers,
      requestBody: body,
      status,
      responseBody: text,
      fault: kind,
    };
    for (const watcher of watchers) watcher(exchange);
  }

  async function write(
    response: ServerResponse,
    answer: Answer,
    fault: Fault | undefined,
  ): Promise<string | null> {
    if (!fault || fault.kind === 'error' || fault.kind === 'throttle')
      return deliver({ response, answer, sleep });
    if (fault.kind === 'html') {
      const page = htmlPage(fault.status ?? 502);
      response.writeHead(fault.status ?? 502, { ...answer.headers, 'Content-Type': 'text/html' }).end(page);
      return page;
    }
    await deliverSpoiled({ response, answer, sleep }, fault.kind);
    return null;
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A bug of this simulator must not look like a fault of Studio's.
      if (!response.headersSent) response.writeHead(501, { 'Content-Type': 'text/plain' });
      response.end(String(error));
    });
  });
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    store,
    requests: journal.requests,
    behaviour: () => simulation.behaviour,
    behave: administration.behave,
    statistics: () => journal.statistics(limits.peakInFlight),
    watch: (watcher) => {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    reset: administration.reset,
    closeIdleConnections: () => server.closeIdleConnections(),
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const ANSWERING: readonly Fault['kind'][] = [
  'cut-body',
  'truncated-json',
  'huge-body',
  'endless-body',
  'dripping-body',
];

/** These spoil the right answer, which there is only when the work was done. */
function deliversTheAnswer({ kind }: Fault): boolean {
  return ANSWERING.includes(kind);
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function formOf(body: string): Record<string, string | string[]> {
  const form: Record<string, string | string[]> = {};
  const parameters = new URLSearchParams(body);
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    form[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return form;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
