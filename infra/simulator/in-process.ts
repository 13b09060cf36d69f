import type { IncomingHttpHeaders } from 'node:http';
import { exchange } from './exchange.ts';
import type { Delivery } from './faults/delivery.ts';
import type { StateOptions, StudioControls } from './options.ts';
import { StudioState } from './studio-state.ts';

/** The simulated Studio without a socket: requests are calls, answered by the server's own handlers. */
export type InProcessStudio = StudioControls & {
  /** The names of the answer's headers are in lower case. */
  request(request: InProcessRequest): Promise<Delivery>;
};

type InProcessRequest = {
  method: string;
  /** With the query. */
  path: string;
  /** Names in lower case. */
  headers?: IncomingHttpHeaders;
  body?: string | undefined;
  isReusedConnection?: boolean;
};

const ORIGIN = 'http://simulated-studio';
const NO_ANSWER: Delivery = { status: null, headers: {}, body: '', end: 'silent' };

export function createSimulatedStudio(options: StateOptions = {}): InProcessStudio {
  const studio = new StudioState(options);
  return Object.assign(studio, {
    async request({ method, path, headers = {}, body = '', isReusedConnection = false }: InProcessRequest) {
      const request = { method, url: new URL(path, ORIGIN), prefix: '', headers, body, isReusedConnection };
      let received = NO_ANSWER;
      await exchange(studio, request, (delivery) => {
        received = delivery;
      });
      const lowerCased = Object.entries(received.headers).map(([name, value]) => [name.toLowerCase(), value]);
      return { ...received, headers: Object.fromEntries(lowerCased) };
    },
  });
}
