import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StudioErrorKind } from '../../../../lib/studio/errors.ts';
import {
  isRetryable,
  mayHaveTakenEffect,
  type OperationKind,
  parseRetryAfter,
  retryDelayMs,
} from '../../../../lib/studio/http/retry.ts';

const KINDS: StudioErrorKind[] = [
  'invalid-argument',
  'aborted',
  'timeout',
  'connection',
  'refused-credentials',
  'not-found',
  'conflict',
  'throttled',
  'rejected',
  'unavailable',
  'nonsense',
];
const OPERATIONS: OperationKind[] = ['read', 'idempotent', 'non-idempotent'];

describe('the retry matrix', () => {
  test.each([
    // kind, sent, read, idempotent, non-idempotent
    ['throttled', true, true, true, true],
    ['unavailable', true, true, true, false],
    ['connection', true, true, true, false],
    ['connection', false, true, true, true],
    ['timeout', true, true, true, false],
    ['timeout', false, true, true, true],
    ['aborted', true, false, false, false],
    ['nonsense', true, false, true, false],
    ['rejected', true, false, false, false],
    ['conflict', true, false, false, false],
    ['not-found', true, false, false, false],
    ['refused-credentials', true, false, false, false],
    ['invalid-argument', false, false, false, false],
  ] as const)(
    '%s (sent: %s) is repeated for read: %s, idempotent: %s, non-idempotent: %s',
    (kind, sent, ...wanted) => {
      expect(OPERATIONS.map((operation) => isRetryable(operation, { kind, sent }))).toEqual(wanted);
    },
  );

  test('what is not idempotent is never repeated where it may have happened', () => {
    for (const kind of KINDS)
      for (const sent of [true, false])
        expect(isRetryable('non-idempotent', { kind, sent }) && mayHaveTakenEffect({ kind, sent })).toBe(
          false,
        );
  });

  test('what surely left nobody has surely not happened, but for an answer that came', () => {
    const happened = KINDS.filter((kind) => mayHaveTakenEffect({ kind, sent: false }));
    expect(happened).toEqual(['unavailable']);
  });
});

describe('the wait before a repetition', () => {
  test('has full jitter over a range that doubles from 100 ms and stops at 30 s', () => {
    const whole = [1, 2, 3, 4, 9, 10, 40].map((tries) => retryDelayMs(tries, undefined, () => 1));
    expect(whole).toEqual([100, 200, 400, 800, 25_600, 30_000, 30_000]);
    expect(retryDelayMs(4, undefined, () => 0)).toBe(0);
    expect(retryDelayMs(4, undefined, () => 0.5)).toBe(400);
  });

  test('is what the server asked for, up to 30 s', () => {
    expect(retryDelayMs(1, 7_000, () => 0.1)).toBe(7_000);
    expect(retryDelayMs(1, 0, () => 0.1)).toBe(0);
    expect(retryDelayMs(1, 86_400_000, () => 0.1)).toBe(30_000);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-22T10:00:00Z');

  test.each([
    ['3', 3_000],
    [' 0 ', 0],
    ['1.5', 1_500],
    ['Sun, 22 Nov 2026 10:00:05 GMT', 5_000],
    ['Sunday, 22-Nov-26 10:00:05 GMT', 5_000],
    ['Sun Nov 22 10:00:05 2026 GMT', 5_000],
    ['Sun, 22 Nov 2026 09:00:00 GMT', 0],
    ['-3', undefined],
    ['soon', undefined],
    ['Soon', undefined],
    ['2026', 2_026_000],
    ['2026-11-22T10:00:05Z', undefined],
    ['', undefined],
    [undefined, undefined],
    ['9'.repeat(40), undefined],
  ])('%j is %j ms', (value, wanted) => {
    expect(parseRetryAfter(value, now)).toBe(wanted);
  });

  test('whatever it says, the wait is a finite number from 0 to 30 s', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 100 }), (value, tries) => {
        const delayMs = retryDelayMs(tries, parseRetryAfter(value, now), () => 0.999);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(30_000);
      }),
    );
  });
});
