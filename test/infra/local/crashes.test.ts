import { beforeEach, describe, expect, test } from 'vitest';
import { travellingClock } from '../../support/local/clocks.ts';
import { eventually } from '../../support/local/poll.ts';
import { rowsOf } from '../../support/local/rows.ts';
import { type Answer, finished, until, worldOfFile } from '../../support/local/world.ts';

/** Through the built bundles, which are killed in the middle: one key is one execution, and a purge comes to an end. */

/** Longer than a claim's lease and than the time after which Studio itself gives a create up. */
const LATER_MS = 60_000;

const KEYS = 8;
/** A request looks for a lost execution for some seconds, and a sender may need several. */
const PATIENCE_MS = 80_000;

const clock = travellingClock();
const { studio, call, local } = await worldOfFile({ clock });
let contact = 0;

beforeEach(() => studio.reset());

function triggerOf(key: string): () => Promise<Answer> {
  const to = `+1500556${String(1_000 + contact++)}`;
  return () =>
    call('POST', '/flows/welcome/executions', { body: { to }, headers: { 'idempotency-key': key } });
}

/** As a sender of webhooks does: again, until the answer says more than "not now". */
async function insist(trigger: () => Promise<Answer>): Promise<Answer> {
  return until(
    async () => {
      const answer = await trigger();
      if (answer.status !== 201) clock.travel(LATER_MS);
      return answer;
    },
    ({ status }) => status === 201,
    PATIENCE_MS,
  );
}

describe('a trigger', { timeout: 90_000 }, () => {
  test('whose function dies after Studio created, and before the answer was kept, is found again', async () => {
    studio.behave({
      faults: [{ kind: 'hang', work: 'done', operations: ['CreateExecution'], times: 1 }],
    });
    const trigger = triggerOf('dies-after');
    const first = trigger();
    await until(
      async () => studio.store.count().active,
      (active) => active === 1,
    );
    expect(local.functions.kill('trigger')).toBe(1);
    expect((await first).status).toBe(500);
    const { body } = await insist(trigger);
    expect(studio.store.count()).toEqual({ active: 1, ended: 0, deleted: 0 });
    expect(studio.store.find(body.execution.sid)?.status).toBe('active');
  });

  test('whose answer was lost is found again', async () => {
    studio.behave({
      faults: [{ kind: 'cut', work: 'done', operations: ['CreateExecution'], times: 1 }],
    });
    const { status } = await insist(triggerOf('answer-lost'));
    expect(status).toBe(201);
    expect(studio.store.count().active).toBe(1);
  });

  test('that never reached Studio is created, once, later', async () => {
    studio.behave({
      faults: [{ kind: 'error', status: 503, work: 'undone', operations: ['CreateExecution'], times: 1 }],
    });
    const trigger = triggerOf('never-reached');
    const first = trigger();
    // While it looks for what was never created, its time runs out.
    await eventually(() => studio.requests.map(({ operation }) => operation)).toContain('ListExecution');
    clock.travel(LATER_MS);
    expect((await first).status).toBeGreaterThanOrEqual(503);
    expect(studio.store.count().active).toBe(0);
    await insist(trigger);
    expect(studio.store.count().active).toBe(1);
  });

  test('repeated over and over among crashes and lost answers leaves one execution for each key', async () => {
    studio.behave({
      latencyMs: 5,
      faults: [
        { kind: 'cut', work: 'done', operations: ['CreateExecution'], every: 3 },
        { kind: 'error', status: 500, work: 'undone', operations: ['CreateExecution'], every: 4 },
      ],
    });
    const triggers = Array.from({ length: KEYS }, (_, index) => triggerOf(`storm-${index}`));
    const storm = triggers.flatMap((trigger) => [trigger(), trigger()]);
    for (let kills = 0; kills < 4; kills++) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      local.functions.kill('trigger');
    }
    await Promise.all(storm);
    studio.behave({ faults: [] });
    const answers = await Promise.all(triggers.map(insist));
    expect(new Set(answers.map(({ body }) => body.execution.sid)).size).toBe(KEYS);
    expect(studio.store.count()).toEqual({ active: KEYS, ended: 0, deleted: 0 });
  });
});

describe('a purge', { timeout: 60_000 }, () => {
  test('whose worker dies again and again where it was ends as failed, and says so', async () => {
    studio.behave({ faults: [{ kind: 'hang', operations: ['ListExecution'] }] });
    const { body } = await call('POST', '/purges', { body: { flows: ['welcome'], olderThan: 'P7D' } });
    const crashesSeen = async () => {
      for (const { record } of await rowsOf(local)) {
        const purge = JSON.parse(record?.S ?? '{}');
        if (purge.id === body.id) return purge.progress.startedStep?.crashes;
      }
    };
    for (const crashes of [0, 1, 2]) {
      await until(crashesSeen, (seen) => seen === crashes);
      expect(local.functions.kill('cleanup')).toBe(1);
    }
    expect(await finished(call, body.id)).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/^The worker died 3 times .* at the list of the flow welcome\./),
    });
  });
});
