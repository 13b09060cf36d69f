import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, half, JSON_TYPE, textOf } from './answers.ts';
import { type Delivered, exchange } from './exchange.ts';
import type { Fault } from './faults/behaviour.ts';
import type { StateOptions, StudioControls } from './options.ts';
import { controlsOf, StudioState } from './studio-state.ts';

/** The simulated Studio without a socket: requests are calls, answered by the server's own handlers. */
export type InProcessStudio = StudioControls & {
  request(request: InProcessRequest): Promise<InProcessAnswer>;
};

export type InProcessRequest = {
  method: string;
  /** With the query. */
  path: string;
  /** Names in lower case. */
  headers?: IncomingHttpHeaders;
  body?: string | undefined;
  isReusedConnection?: boolean;
};

export type InProcessAnswer = {
  /** Null: no answer began. */
  status: number | null;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** As far as it came. */
  body: string;
  /**
   * `closed`: the connection was closed before the answer was whole. `silent`: nothing more comes, and the
   * connection stays open. `endless`: the body goes on past any bound.
   */
  end: 'whole' | 'closed' | 'silent' | 'endless';
};

const ORIGIN = 'http://simulated-studio';

export function createSimulatedStudio(options: StateOptions = {}): InProcessStudio {
  const state = new StudioState(options);
  return {
    ...controlsOf(state),
    async request({ method, path, headers = {}, body = '', isReusedConnection = false }) {
      const url = new URL(path, ORIGIN);
      let received: InProcessAnswer | undefined;
      await exchange(
        state,
        { method, url, prefix: '', headers, body, isReusedConnection },
        (answer, fault) => {
          received = receive(answer, fault);
          return whole(received);
        },
      );
      if (!received) throw new Error('The simulated Studio gave no answer');
      return received;
    },
  };
}

/** What a client gets of an answer. */
function receive(answer: Answer, fault: Fault['kind'] | null): InProcessAnswer {
  const text = textOf(answer);
  const status = fault !== null && text === undefined ? 200 : answer.status;
  const headers = Object.fromEntries(
    Object.entries({ ...(text !== undefined && JSON_TYPE), ...answer.headers }).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]),
  );
  const body = text ?? (fault ? '{}' : '');
  switch (fault) {
    case null:
      return { status, headers, body, end: 'whole' };
    case 'truncated-json':
      return { status, headers, body: half(body), end: 'whole' };
    case 'cut':
      return { status: null, headers: {}, body: '', end: 'closed' };
    case 'cut-body':
      return { status, headers, body: half(body), end: 'closed' };
    case 'dripping-body':
      return { status, headers, body: half(body), end: 'silent' };
    case 'huge-body':
    case 'endless-body':
      return { status, headers, body, end: 'endless' };
    default:
      return { status: null, headers: {}, body: '', end: 'silent' };
  }
}

function whole({ status, body, end }: InProcessAnswer): Delivered {
  return { status, text: end === 'whole' ? body : null };
}
