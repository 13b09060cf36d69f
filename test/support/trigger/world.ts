import { type ClaimStore, ClaimStoreError } from '../../../lib/idempotency/claims.ts';
import type { Executions, TriggerRequest } from '../../../lib/trigger/request.ts';
import { type Triggered, trigger } from '../../../lib/trigger/trigger.ts';
import { createMemoryClaims } from './claims.ts';
import { createClock } from './clock.ts';
import { createWorldStudio, FLOW, SENDER } from './studio.ts';

export const CONTACT = '+15550001111';
export const BODY = { to: CONTACT, parameters: { name: 'Ada' } };
export const WELCOME = {
  alias: 'welcome',
  sid: FLOW,
  from: SENDER,
  onConflict: 'fail',
  correlation: true,
} as const;
const REQUEST_MS = 25_000;

/** A boundary between a process and the rest of the world, before or after a call to it. */
export type Boundary =
  `${'before' | 'after'} ${'claim' | 'takeOver' | 'update' | 'release' | 'create' | 'list'}`;

export type ProcessOptions = {
  /** The process dies at this boundary, the `nth` time it comes to it; with `forMs` it only sleeps. */
  stop?: { boundary: Boundary; nth?: number; forMs?: number };
  /** The table fails at these calls of it, counted from 1: before the write is done, or after. */
  tableFaults?: ReadonlyMap<number, 'before' | 'after'>;
  tableLatencyMs?: () => number;
};

/** One Studio, one table, and as many processes as a test starts. */
export function createWorld() {
  const clock = createClock();
  const studio = createWorldStudio(clock);
  const claims = createMemoryClaims();
  const troubles: Error[] = [];
  let ids = 0;

  /** Delivers a request to a new process. null: the process died on the way. */
  function deliver(
    request: Partial<TriggerRequest> = {},
    { stop, tableFaults, tableLatencyMs = () => 5 }: ProcessOptions = {},
  ): Promise<Triggered | null> {
    let die: () => void = () => undefined;
    const died = new Promise<null>((resolve) => {
      die = () => resolve(null);
    });
    let dead = false;
    let passed = 0;
    let tableCalls = 0;

    async function cross<T>(name: string, call: () => Promise<T>): Promise<T> {
      await stopAt(`before ${name}`);
      const result = await call();
      await stopAt(`after ${name}`);
      return result;
    }

    async function stopAt(boundary: string): Promise<void> {
      if (stop?.boundary === boundary && ++passed === (stop.nth ?? 1)) {
        if (stop.forMs !== undefined) return clock.sleep(stop.forMs);
        dead = true;
        die();
      }
      // A dead process does nothing any more, and never answers.
      if (dead) await new Promise(() => undefined);
    }

    async function write<T>(name: string, call: () => Promise<T>): Promise<T> {
      const fault = tableFaults?.get(++tableCalls);
      return cross(name, async () => {
        await clock.sleep(tableLatencyMs());
        if (fault === 'before') throw new ClaimStoreError('down');
        const result = await call();
        if (fault === 'after') throw new ClaimStoreError('down');
        return result;
      });
    }

    const store: ClaimStore = {
      claim: (claim, nowMs) => write('claim', () => claims.claim(claim, nowMs)),
      takeOver: (seen, next) => write('takeOver', () => claims.takeOver(seen, next)),
      update: (next) => write('update', () => claims.update(next)),
      release: (claim) => write('release', () => claims.release(claim)),
    };
    const executions: Executions = {
      create: (...args) => cross('create', () => studio.create(...args)),
      list: (...args) => {
        const listing = studio.list(...args);
        return {
          ...listing,
          async *pages() {
            await stopAt('before list');
            yield* listing.pages();
          },
        };
      },
      fetch: studio.fetch,
      end: studio.end,
      context: studio.context,
    };
    const ports = {
      claims: store,
      executions,
      apiKeySecret: async () => 'local',
      now: clock.now,
      sleep: clock.sleep,
      random: () => 0.5,
      newId: () => `id-${++ids}`,
      onError: (error: Error) => troubles.push(error),
    };
    const answered = trigger(ports, {
      caller: 'bearer:test',
      route: 'POST /flows/{flow}/executions',
      idempotencyKey: 'key-1',
      flow: WELCOME,
      body: BODY,
      deadlineMs: clock.now() + REQUEST_MS,
      signal: new AbortController().signal,
      ...request,
    });
    return Promise.race([answered, died]);
  }

  return {
    clock,
    studio,
    claims,
    troubles,
    deliver,
    /** Delivers, and lets time pass until it is answered. */
    send: (request?: Partial<TriggerRequest>, process?: ProcessOptions) =>
      clock.run(deliver(request, process)),
  };
}
