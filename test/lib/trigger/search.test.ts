import { expect, test } from 'vitest';
import { StudioError } from '../../../lib/studio/errors.ts';
import type { Execution } from '../../../lib/studio/types.ts';
import { CORRELATION_PARAMETER } from '../../../lib/trigger/correlation.ts';
import { PROOF_AFTER_MS, search } from '../../../lib/trigger/search.ts';
import { createClock } from '../../support/trigger/clock.ts';
import { createWorldStudio, FLOW, type WorldStudio } from '../../support/trigger/studio.ts';
import { CONTACT } from '../../support/trigger/world.ts';

/** A Studio in which a create was sent at the start of time, and long enough ago to prove its absence. */
function prepare(to = CONTACT) {
  const clock = createClock();
  const studio = createWorldStudio(clock, 1);
  const sendInterval = { fromMs: clock.now(), untilMs: clock.now() };
  const job = {
    executions: studio,
    now: clock.now,
    flowSid: FLOW,
    to,
    correlation: 'ours',
    signal: new AbortController().signal,
  };
  const lookAfter = async (ms: number, ruledOut = new Set<string>()) => {
    await clock.pass(ms);
    return (await clock.run(search(job, sendInterval, ruledOut))).outcome;
  };
  return { clock, studio, lookAfter };
}

/** Serves these pages in place of the list. */
function servePages(studio: WorldStudio, ...walks: Execution[][][]): void {
  let walked = 0;
  studio.list = () => {
    const pages = walks[Math.min(walked++, walks.length - 1)] ?? [];
    return {
      async *[Symbol.asyncIterator]() {
        yield* pages.flat();
      },
      async *pages() {
        for (const items of pages) yield { items, nextPageUrl: null };
      },
    };
  };
}

test('nothing there is no proof before Twilio has given up on its own side', async () => {
  const { lookAfter } = prepare();
  expect(await lookAfter(PROOF_AFTER_MS - 10)).toBe('unknown');
  expect(await lookAfter(10)).toBe('absent');
});

test('what was looked at before is not looked at again', async () => {
  const { studio, lookAfter } = prepare();
  studio.start(CONTACT).status = 'ended';
  const ruledOut = new Set<string>();
  await lookAfter(0, ruledOut);
  await lookAfter(0, ruledOut);
  expect(studio.calls.filter((call) => call === 'context')).toHaveLength(1);
});

test('an execution whose number Studio has rewritten is found', async () => {
  const { studio, lookAfter } = prepare('whatsapp:+525512345678');
  studio.start('whatsapp:+5215512345678', FLOW, { [CORRELATION_PARAMETER]: 'ours' });
  studio.start('whatsapp:+5215587654321', FLOW);
  expect(await lookAfter(0)).toBe('found');
  expect(studio.calls).toEqual(['list', 'context']);
});

test('other contacts are not looked at', async () => {
  const { studio, lookAfter } = prepare();
  studio.start('+15550002222');
  expect(await lookAfter(PROOF_AFTER_MS)).toBe('absent');
  expect(studio.calls).not.toContain('context');
});

test('a Studio whose clock is wrong by minutes, or whose dates are nonsense, hides nothing', async () => {
  const { clock, studio, lookAfter } = prepare();
  const createdMs = clock.now() - 4 * 60_000;
  const run = studio.start(CONTACT, FLOW, { studioExecutionsCorrelation: 'ours' }, createdMs);
  expect(await lookAfter(0)).toBe('found');
  servePages(studio, [[{ ...run, dateCreated: '2015-07-30T20:00:00Z' }]]);
  expect(await lookAfter(0)).toBe('found');
});

test('where a Studio does not apply the filter, what is older than the create is left alone', async () => {
  const { studio, lookAfter } = prepare();
  const old = { ...studio.start('+15550002222'), dateCreated: '2015-07-30T20:00:00Z' };
  let served = 0;
  studio.list = () => ({
    async *[Symbol.asyncIterator]() {},
    async *pages() {
      for (;;) {
        served++;
        yield { items: [old], nextPageUrl: null };
      }
    },
  });
  expect(await lookAfter(PROOF_AFTER_MS)).toBe('absent');
  expect(served).toBe(1);
});

test('a list that does not end is no proof', async () => {
  const { studio, lookAfter } = prepare();
  const other = studio.start('+15550002222');
  servePages(
    studio,
    Array.from({ length: 25 }, () => [other]),
  );
  expect(await lookAfter(PROOF_AFTER_MS)).toBe('unknown');
});

test('an execution whose context says nothing yet keeps it open', async () => {
  const { studio, lookAfter } = prepare();
  studio.start(CONTACT);
  studio.contextOf = () => null;
  expect(await lookAfter(PROOF_AFTER_MS)).toBe('unknown');
});

test('an execution that says nothing of its contact or its time is looked at', async () => {
  const { studio, lookAfter } = prepare();
  const run = studio.start(CONTACT, FLOW, { studioExecutionsCorrelation: 'ours' });
  Object.assign(run, { contactChannelAddress: null });
  servePages(studio, [[{ ...run, dateCreated: null }]]);
  expect(await lookAfter(0)).toBe('found');
});

test('one walk over several pages is no proof, as deletes between two pages can hide an execution', async () => {
  const { studio, lookAfter } = prepare();
  const other = studio.start('+15550002222');
  const ours = studio.start(CONTACT, FLOW, { studioExecutionsCorrelation: 'ours' });
  servePages(studio, [[other], [other]], [[other], [ours]]);
  expect(await lookAfter(PROOF_AFTER_MS)).toBe('found');
});

test('nor is one that ended at a page of older ones', async () => {
  const { studio, lookAfter } = prepare();
  const other = studio.start('+15550002222');
  const old = { ...other, dateCreated: '2015-07-30T20:00:00Z' };
  const ours = studio.start(CONTACT, FLOW, { studioExecutionsCorrelation: 'ours' });
  servePages(studio, [[other], [old]], [[ours]]);
  expect(await lookAfter(PROOF_AFTER_MS)).toBe('found');
});

test('more than can be looked at in one go is no proof', async () => {
  const { studio, lookAfter } = prepare();
  for (let at = 0; at < 301; at++) studio.start(CONTACT).status = 'ended';
  expect(await lookAfter(PROOF_AFTER_MS)).toBe('unknown');
});

test('an error that is no Studio’s is not swallowed', async () => {
  const { studio, lookAfter } = prepare();
  studio.start(CONTACT);
  studio.contextOf = () => {
    throw new TypeError('a bug');
  };
  await expect(lookAfter(0)).rejects.toThrow('a bug');
});

test('large contexts are read one at a time', async () => {
  const { studio, lookAfter } = prepare();
  const context = studio.context;
  let inHand = 0;
  let peak = 0;
  for (let count = 0; count < 8; count++) studio.start(CONTACT).status = 'ended';
  studio.context = async (flow, sid, options) => {
    if (options?.maxBodyBytes !== undefined)
      throw new StudioError('nonsense', 'larger', { operation: 'test', oversized: true });
    inHand += 1;
    peak = Math.max(peak, inHand);
    const read = await context(flow, sid, options);
    inHand -= 1;
    return read;
  };
  expect(await lookAfter(PROOF_AFTER_MS)).toBe('absent');
  expect(peak).toBe(1);
  studio.start(CONTACT, FLOW, { studioExecutionsCorrelation: 'ours' });
  expect(await lookAfter(PROOF_AFTER_MS)).toBe('found');
});
