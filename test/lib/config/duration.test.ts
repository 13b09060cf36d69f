import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, momentBefore, parseDuration } from '../../../lib/config/duration.ts';

describe('an ISO 8601 duration', () => {
  it.each([
    ['P7D', 0, 7 * DAY_MS],
    ['P2W', 0, 14 * DAY_MS],
    ['PT12H', 0, DAY_MS / 2],
    ['PT1M', 0, 60_000],
    ['P1M', 1, 0],
    ['P1Y2M3DT4H5M6S', 14, 3 * DAY_MS + ((4 * 60 + 5) * 60 + 6) * 1_000],
    ['PT0S', 0, 0],
  ])('reads %s', (text, months, milliseconds) => {
    expect(parseDuration(text)).toEqual({ months, milliseconds });
  });

  it.each(['', 'P', 'PT', '7D', 'P7', 'P-7D', 'P1.5D', 'P7DT', 'p7d', 'P1D1W', ' P7D', 'P7D\n', 'P9999999D'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it('takes months by the calendar, and the last day of a month that is too short', () => {
    const marchEnd = Date.parse('2026-03-31T10:00:00Z');
    expect(new Date(momentBefore(marchEnd, { months: 1, milliseconds: 0 })).toISOString()).toBe(
      '2026-02-28T10:00:00.000Z',
    );
    expect(new Date(momentBefore(marchEnd, { months: 13, milliseconds: 1 })).toISOString()).toBe(
      '2025-02-28T09:59:59.999Z',
    );
  });

  it('never reaches into the future', () => {
    const spans = fc.record({ months: fc.nat(1_000), milliseconds: fc.nat() });
    fc.assert(fc.property(fc.nat(4e12), spans, (now, span) => momentBefore(now, span) <= now));
  });
});
