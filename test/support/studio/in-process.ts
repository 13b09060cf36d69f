import type { Delivery } from '../../../infra/simulator/faults/delivery.ts';
import { createSimulatedStudio, type InProcessStudio } from '../../../infra/simulator/in-process.ts';
import type { StateOptions } from '../../../infra/simulator/options.ts';
import { createStudio, type Studio, type StudioOptions } from '../../../lib/studio/client.ts';
import type { Transport } from '../../../lib/studio/http/transport.ts';

export const ACCOUNT = {
  accountSid: `AC${'a'.repeat(32)}`,
  username: `SK${'a'.repeat(32)}`,
  password: 'local',
};

export type Clock = { nowMs: number };

/**
 * A simulated Studio without a socket and a client of it, on one clock that only their waits and the test
 * move. A client of its own: `createStudio({ ...ACCOUNT, transport: inProcessTransport(studio) })`.
 */
export function createInProcess(
  options: StateOptions & { clock?: Clock; client?: Partial<StudioOptions> } = {},
): { studio: InProcessStudio; client: Studio; clock: Clock } {
  const { clock = { nowMs: Date.parse('2026-11-20T12:00:00Z') }, client, ...rest } = options;
  const now = () => clock.nowMs;
  const sleep = async (ms: number) => {
    clock.nowMs += ms;
  };
  const studio = createSimulatedStudio({ now, sleep, ...rest });
  const transport = inProcessTransport(studio, sleep);
  return {
    studio,
    client: createStudio({ ...ACCOUNT, transport, now, sleep, random: () => 0.5, ...client }),
    clock,
  };
}

type TransportResult = Awaited<ReturnType<Transport['send']>>;

/**
 * The simulated Studio as the transport of a client. Where no answer comes, it waits with `sleep` for the
 * time of the request, or for `silenceMs` if it has none, as a create.
 */
export function inProcessTransport(
  studio: Pick<InProcessStudio, 'request'>,
  sleep: (ms: number) => Promise<unknown> = async () => undefined,
  silenceMs = 10_000,
): Transport {
  return {
    async send({ method, path, headers, body, fresh, maxBodyBytes, timeoutMs, signal, mayLeave }) {
      if (signal.aborted) return failed('aborted', false, signal.reason);
      if (!mayLeave()) return failed('timeout', false);
      const aborted = new Promise<TransportResult>((resolve) => {
        signal.addEventListener('abort', () => resolve(failed('aborted', true, signal.reason)), {
          once: true,
        });
      });
      const answered = async () => {
        const answer = await studio.request({ method, path, headers, body, isReusedConnection: !fresh });
        if (answer.end === 'silent' || answer.end === 'dripping') await sleep(timeoutMs ?? silenceMs);
        return resultOf(answer, maxBodyBytes);
      };
      return Promise.race([answered(), aborted]);
    },
    prepare: () => undefined,
    close: async () => undefined,
  };
}

function failed(failure: 'timeout' | 'aborted', sent: boolean, cause?: unknown): TransportResult {
  return { ok: false, failure, sent, status: undefined, header: () => undefined, cause };
}

const FAILURES = {
  whole: 'oversized',
  closed: 'connection',
  silent: 'timeout',
  dripping: 'timeout',
  endless: 'oversized',
  huge: 'oversized',
} as const;

function resultOf({ status, headers, body, end }: Delivery, maxBodyBytes: number): TransportResult {
  const header = (name: string) => headers[name];
  const bytes = Buffer.from(body);
  if (end === 'whole' && status !== null && bytes.length <= maxBodyBytes)
    return { ok: true, status, header, body: bytes };
  return {
    ok: false,
    failure: FAILURES[end],
    sent: true,
    status: status ?? undefined,
    header,
    cause: undefined,
  };
}
