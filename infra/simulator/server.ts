import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { exchange } from './exchange.ts';
import { Machine } from './machine.ts';
import type { SimulatedStudio, SimulatedStudioOptions } from './options.ts';

export type { Exchange, SimulatedStudio, SimulatedStudioOptions } from './options.ts';

/**
 * Twilio Studio's REST API on this machine, as strict as the real one and as unruly as it is told to be.
 * Rejects when the port is in use.
 */
export async function startSimulatedStudio(options: SimulatedStudioOptions = {}): Promise<SimulatedStudio> {
  const { sleep = sleepAbout, prefix = '', tls } = options;
  const scheme = tls ? 'https' : 'http';
  const machine = new Machine(options);
  const usedSockets = new WeakSet<Socket>();

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const isReusedSocket = usedSockets.has(request.socket);
    usedSockets.add(request.socket);
    exchange({ machine, prefix, sleep, request, response, isReusedSocket, scheme }).catch(
      (error: unknown) => {
        if (response.destroyed) return;
        // Nobody would see what goes wrong after the answer, say a watcher's complaint: it ends the process.
        if (response.headersSent) throw error;
        // A bug of this simulator must not look like one of Studio's faults.
        response.writeHead(501, { 'Content-Type': 'text/plain' }).end(String(error));
      },
    );
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  const port = await listen(server, options.port ?? 0);

  return {
    url: `${scheme}://127.0.0.1:${port}${prefix}`,
    store: machine.simulation.store,
    requests: machine.journal.requests,
    behaviour: () => machine.behaviour(),
    behave: (change) => machine.behave(change),
    statistics: () => machine.statistics(),
    watch: (watcher) => machine.watch(watcher),
    reset: () => machine.reset(),
    closeIdleConnections: () => server.closeIdleConnections(),
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A timer comes so much late in the mean on an otherwise idle machine. */
const TIMER_LATENESS_MS = 1;

function sleepAbout(ms: number): Promise<void> {
  return wait(Math.max(1, Math.round(ms - TIMER_LATENESS_MS)));
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
