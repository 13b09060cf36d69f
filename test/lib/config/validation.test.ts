import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { validate } from '../../../lib/config/validation.ts';

const schema = v.strictObject({
  to: v.string(),
  status: v.optional(v.picklist(['active', 'ended', 'any'])),
});

function mistakesOf(input: unknown): string[] {
  const result = validate(schema, input);
  return result.ok ? [] : result.mistakes.map(({ pointer, detail }) => `${pointer} ${detail}`);
}

describe('validation', () => {
  it('gives the value when there is no mistake', () => {
    expect(validate(schema, { to: 'x' })).toEqual({ ok: true, value: { to: 'x' } });
  });

  it('lists every mistake, in words', () => {
    expect(mistakesOf({ status: 'gone', too: 1 })).toEqual([
      '#/to is missing',
      '#/status must be "active", "ended" or "any"',
      '#/too is not a known member',
    ]);
  });

  it('points at the nearest holder whose name looks like one', () => {
    expect(mistakesOf({ to: 'x', '+15005550006': 1 })).toEqual(['# has a member that is not known']);
    const named = v.object({ list: v.array(v.record(v.string(), v.number())) });
    const pointersIn = (input: unknown) => {
      const result = validate(named, input);
      return result.ok ? [] : result.mistakes.map(({ pointer }) => pointer);
    };
    expect(pointersIn({ list: [{}, { a_1: 'x', 'Ann Smith': 'y' }] })).toEqual(['#/list/1/a_1', '#/list/1']);
  });

  it('points at the whole document when it is of the wrong kind', () => {
    expect(mistakesOf(7)).toEqual(['# must be an object']);
  });

  it('never repeats what it was given', () => {
    const marked = 'personal-555';
    expect(mistakesOf({ to: 5, status: marked, [`x-${marked}`]: marked }).join()).not.toContain(
      `"${marked}"`,
    );
  });
});
