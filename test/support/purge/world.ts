import { checkConfig } from '../../../lib/config/configuration.ts';
import type { SliceResult } from '../../../lib/purge/engine/conclude.ts';
import type { Ports, Upstream } from '../../../lib/purge/engine/ports.ts';
import { runPurge } from '../../../lib/purge/engine/run.ts';
import { runSlice } from '../../../lib/purge/engine/slice.ts';
import { deriveContactKey } from '../../../lib/purge/order/contact-key.ts';
import { startPurge } from '../../../lib/purge/order/start.ts';
import { purgeId } from '../../../lib/purge/record/purge-id.ts';
import type { PurgeRecord, PurgeRequest } from '../../../lib/purge/record/record.ts';
import { createMemoryFailures } from './ports/failures.ts';
import { createLimiterOf } from './ports/limiter.ts';
import { createMemoryLocks } from './ports/locks.ts';
import { createMemoryPurges } from './ports/store.ts';
import { requestOf } from './request.ts';

export const ACCOUNT = `AC${'a'.repeat(32)}`;
export const WELCOME = `FW${'a'.repeat(32)}`;
export const SURVEY = `FW${'b'.repeat(32)}`;
/** Now, in the tests. */
export const NOON = Date.parse('2026-11-20T12:00:00Z');

export const config = checkConfig({
  flows: [
    { alias: 'welcome', sid: WELCOME },
    { alias: 'survey', sid: SURVEY },
  ],
});

/** Of the secret that the contact's key is derived from. */
export const contactKey = deriveContactKey({ accountSid: ACCOUNT, apiKeySecret: 'local' });

export type Wrap = Partial<Ports>;

export type Clock = { nowMs: number; after(ms: number, then: () => void): () => void };

/** Moved by hand; what falls due is called as it is. */
export function createClock(): Clock {
  let nowMs = NOON;
  const timers = new Set<{ atMs: number; then: () => void }>();
  return {
    get nowMs() {
      return nowMs;
    },
    set nowMs(ms) {
      nowMs = ms;
      for (const timer of [...timers].filter(({ atMs }) => atMs <= nowMs))
        if (timers.delete(timer)) timer.then();
    },
    after(ms, then) {
      const timer = { atMs: nowMs + ms, then };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
}

/** A purge's ports over this upstream, with a store and an archive in memory and a clock that is moved. */
export function createWorldOf(upstream: Upstream, clock: Clock = createClock(), wrap: Wrap = {}) {
  const memory = createMemoryPurges();
  const failures = createMemoryFailures();
  const objects = new Map<string, Uint8Array>();
  const ports: Ports = {
    store: memory,
    failures,
    locks: createMemoryLocks(() => clock.nowMs),
    upstream,
    limiter: createLimiterOf(50),
    archive: { put: async (key, body) => void objects.set(key, body) },
    contactKey: async () => contactKey,
    now: () => clock.nowMs,
    after: clock.after,
    remainingMs: () => 900_000,
    ...wrap,
  };

  const runs: string[] = [];
  const waits: number[] = [];
  let ids = 0;

  const start = async (request: Partial<PurgeRequest>): Promise<string> => {
    const started = await startPurge(
      { config, store: memory, worker: { start: async (id, run) => void runs.push(`${id}-${run}`) } },
      {
        id: purgeId(clock.nowMs, String(++ids)),
        request: requestOf({ olderThan: null, dryRun: false, ...request }),
        requestedBy: 'bearer:tests',
        policy: null,
        nowMs: clock.nowMs,
      },
      contactKey,
    );
    if (started.outcome !== 'started') throw new Error('not started');
    return started.record.id;
  };

  const record = async (id: string): Promise<PurgeRecord> => {
    const stored = await memory.read(id);
    if (!stored) throw new Error(`no purge ${id}`);
    return stored.record;
  };

  let slices = 0;
  /** Each is a step of its own. */
  const slice = (id: string): Promise<SliceResult> => runSlice(id, ports, `1-${++slices}`);

  /** Runs it as the durable worker does, with one `slice` after the other and the clock moved by pauses. */
  const run = async (id: string, runOne = slice): Promise<PurgeRecord> => {
    const steps = {
      step: <T>(_name: string, work: () => Promise<T>): Promise<T> => work(),
      async wait(_name: string, seconds: number) {
        waits.push(seconds);
        clock.nowMs += seconds * 1_000;
      },
    };
    let status = 'continued';
    while (status === 'continued') {
      const result = await runPurge(id, steps, {
        slice: runOne,
        startNext: async () => undefined,
        abandon: async (_purge, message) => {
          throw new Error(message);
        },
        ended: () => undefined,
      });
      status = result.status;
    }
    return record(id);
  };

  const purge = async (request: Partial<PurgeRequest>): Promise<PurgeRecord> => run(await start(request));
  return { clock, memory, failures, objects, ports, runs, waits, start, record, slice, run, purge };
}

export type World = ReturnType<typeof createWorldOf>;
