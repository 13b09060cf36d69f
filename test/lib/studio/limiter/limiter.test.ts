import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { createLimiter } from '../../../../lib/studio/limiter/limiter.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  test('are given in order, as many as the limit allows', async () => {
    const limiter = createLimiter({ initial: 2, now: () => 0 });
    const given: number[] = [];
    const turns = [0, 1, 2, 3].map(async (index) => {
      const giveBack = await limiter.acquire();
      given.push(index);
      return giveBack;
    });
    await tick();
    expect(given).toEqual([0, 1]);
    (await turns[0])?.('other');
    await tick();
    expect(given).toEqual([0, 1, 2]);
  });

  test('are not taken by who gave up, and who gave up before does not wait at all', async () => {
    const limiter = createLimiter({ initial: 1, now: () => 0 });
    const giveBack = await limiter.acquire();
    const caller = new AbortController();
    const gaveUp = limiter.acquire(caller.signal);
    const next = limiter.acquire();
    caller.abort(new Error('enough'));
    await expect(gaveUp).rejects.toThrow('enough');
    await expect(limiter.acquire(caller.signal)).rejects.toThrow('enough');
    giveBack('other');
    expect(await next).toBeTypeOf('function');
  });

  test('that have to wait are given when their time has come', async () => {
    let nowMs = 0;
    const sleeps: { ms: number; wake: () => void }[] = [];
    const limiter = createLimiter({
      initial: 8,
      now: () => nowMs,
      sleep: (ms) => new Promise((resolve) => sleeps.push({ ms, wake: () => resolve(undefined) })),
    });
    // Five 429s one after another open the circuit.
    for (let refused = 0; refused < 5; refused += 1) (await limiter.acquire())('throttled');
    const waiting = limiter.acquire();
    await tick();
    // However many wait, one of them is enough to wake up for.
    const others = [limiter.acquire(), limiter.acquire()];
    expect(sleeps).toHaveLength(1);
    expect(others).toHaveLength(2);
    nowMs += sleeps[0]?.ms ?? 0;
    sleeps[0]?.wake();
    expect(await waiting).toBeTypeOf('function');
  });
});

test('who gives up behind the first keeps nobody from the turn', async () => {
  const limiter = createLimiter({ initial: 1, now: () => 0 });
  const giveBack = await limiter.acquire();
  const order: string[] = [];
  const leaving = new AbortController();
  const [first, second, third] = [undefined, leaving.signal, undefined].map((signal, index) =>
    limiter.acquire(signal).then((give) => {
      order.push(`${index}`);
      give('other');
    }),
  );
  leaving.abort(new Error('gave up'));
  await expect(second).rejects.toThrow('gave up');
  giveBack('other');
  await Promise.all([first, third]);
  expect(order).toEqual(['0', '2']);
});

describe('works', () => {
  test('run no more at a time than there is use for, whatever their number', async () => {
    const limiter = createLimiter({ initial: 4, now: () => 0 });
    let running = 0;
    let peak = 0;
    const results = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        limiter.run(async () => {
          running += 1;
          peak = Math.max(peak, running);
          await tick();
          running -= 1;
          return index;
        }),
      ),
    );
    expect(results).toEqual(Array.from({ length: 500 }, (_, index) => index));
    expect(peak).toBe(9);
  });

  test('for each of many items begin in their order, after those that came before, as many as there is use for', async () => {
    const limiter = createLimiter({ initial: 4, now: () => 0 });
    const begun: number[] = [];
    let running = 0;
    let peak = 0;
    const work = async (item: number) => {
      begun.push(item);
      peak = Math.max(peak, ++running);
      await tick();
      running -= 1;
    };
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    const all = [numbers.slice(0, 150), [], numbers.slice(150, 299)].map((items) =>
      limiter.each(items, work),
    );
    await Promise.all([...all, limiter.run(() => work(299))]);
    expect(begun).toEqual(numbers);
    expect(peak).toBe(9);
  });

  test('for each item end all before the first failure is thrown', async () => {
    const limiter = createLimiter({ initial: 1, now: () => 0 });
    let ended = 0;
    const items = Array.from({ length: 40 }, (_, index) => index);
    const each = limiter.each(items, async (item) => {
      await tick();
      ended += 1;
      if (item === 5 || item === 30) throw new Error(`${item}`);
    });
    await expect(each).rejects.toThrow('5');
    expect(ended).toBe(40);
    expect(await limiter.run(async () => 'room')).toBe('room');
  });

  test('may begin others', async () => {
    const limiter = createLimiter({ initial: 2, now: () => 0 });
    const begun: string[] = [];
    await limiter.each(['a', 'b', 'c'], async (outer) => {
      const inner = limiter.each(['1', '2'], async (one) => void begun.push(outer + one));
      await tick();
      await inner;
    });
    expect(begun.sort()).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
  });

  test('belong to who asked for them, whatever they are started by', async () => {
    const limiter = createLimiter({ initial: 1, now: () => 0 });
    const owner = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const work = async (name: string) => {
      await tick();
      seen.push(`${name} ${owner.getStore()}`);
    };
    const each = (name: string) => owner.run(name, () => limiter.each(Array(20).fill(name), work));
    await Promise.all(['one', 'other'].map(each));
    expect(new Set(seen)).toEqual(new Set(['one one', 'other other']));
  });

  test('that fail before they wait for anything take no more of the stack, however many', async () => {
    const limiter = createLimiter({ initial: 1, now: () => 0 });
    const each = limiter.each(Array(20_000).fill(0), () => {
      throw new Error('at once');
    });
    await expect(each).rejects.toThrow('at once');
    expect(await limiter.run(async () => 'room')).toBe('room');
  });

  test('that fail make room, and fail alone', async () => {
    const limiter = createLimiter({ initial: 1, now: () => 0 });
    const works = Array.from({ length: 30 }, (_, index) =>
      limiter.run(async () => {
        await tick();
        if (index % 2) throw new Error(`${index}`);
      }),
    );
    const settled = await Promise.allSettled(works);
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(15);
  });

  test('whose calls are throttled keep the turns of others taken', async () => {
    const limiter = createLimiter({ initial: 4, now: () => 0 });
    const waits: (() => void)[] = [];
    let done = 0;
    const works = Array.from({ length: 40 }, (_, index) =>
      limiter.run(async () => {
        const giveBack = await limiter.acquire();
        await tick();
        giveBack('success');
        // The first four wait out a Retry-After, without a turn.
        if (index < 4) await new Promise<void>((resolve) => waits.push(resolve));
        done += 1;
      }),
    );
    for (let index = 0; index < 200 && done < 36; index += 1) await tick();
    expect(done).toBe(36);
    for (const wake of waits) wake();
    await Promise.all(works);
  });

  test('that were told to come back in a second do not keep the others from running', async () => {
    let nowMs = 0;
    const limiter = createLimiter({
      initial: 4,
      now: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
      },
    });
    const waits: (() => void)[] = [];
    let begun = 0;
    const works = Array.from({ length: 400 }, (_, index) =>
      limiter.run(async () => {
        begun += 1;
        const { signal } = new AbortController();
        const isRefused = index % 10 === 9;
        (await limiter.acquire(signal))(isRefused ? 'throttled' : 'success');
        if (!isRefused) return;
        await new Promise<void>((resolve) => waits.push(resolve));
        (await limiter.acquire(signal))('success');
      }),
    );
    for (let index = 0; index < 2_000 && begun < 400; index += 1) {
      nowMs += 10;
      await tick();
    }
    expect(begun).toBe(400);
    for (const wake of waits) wake();
    const last = Promise.all(works);
    let isOver = false;
    void last.then(() => {
      isOver = true;
    });
    for (let index = 0; index < 2_000 && !isOver; index += 1) {
      nowMs += 10;
      await tick();
    }
    await last;
  });
});
