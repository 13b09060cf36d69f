import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, claimId, correlationOf, fingerprint } from '../../../lib/idempotency/keys.ts';
import { parseJson } from '../../../lib/studio/json/json.ts';

const use = { caller: 'bearer:shop', route: 'POST /flows/{flow}/executions', key: 'order-4711' };

/** The same value with the members of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe('the canonical form of a payload', () => {
  test('does not depend on the order of members, at any depth', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  test('holds all of it, so that another payload has another form', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('keeps numbers as they were written, also those that JavaScript would write differently', () => {
    const value = parseJson('{"b":{"d":1e400,"c":-0},"a":[1.0,1,12345678901234567891]}');
    expect(canonicalJson(value)).toBe('{"a":[1.0,1,12345678901234567891],"b":{"c":-0,"d":1e400}}');
  });
});

describe('the name of a claim', () => {
  test('is another one for another caller, route or key, also when they run into each other', () => {
    const uses = [
      use,
      { ...use, caller: 'bearer:other' },
      { ...use, route: 'POST /purges' },
      { ...use, key: 'order-4712' },
      { caller: 'bearer:sho', route: 'pPOST /flows/{flow}/executions', key: 'order-4711' },
    ];
    expect(new Set(uses.map(claimId)).size).toBe(uses.length);
    expect(claimId({ ...use })).toBe(claimId(use));
  });

  test('is an unkeyed hash of the three, so that no rotation of a secret loses a claim', () => {
    const text = '["claim","bearer:shop","POST /flows/{flow}/executions","order-4711"]';
    expect(claimId(use)).toBe(createHash('sha256').update(text).digest('hex'));
  });
});

describe('the fingerprint of a payload', () => {
  test('is the same for the same payload and key, and another one otherwise', () => {
    const print = fingerprint(use, { to: '+15550001111', from: 'a' });
    expect(fingerprint(use, { from: 'a', to: '+15550001111' })).toBe(print);
    expect(fingerprint(use, { from: 'a', to: '+15550001112' })).not.toBe(print);
  });

  test('cannot be made without the key, so that trying every number does not help', () => {
    const payload = { to: '+15550001111' };
    expect(fingerprint({ ...use, key: 'other' }, payload)).not.toBe(fingerprint(use, payload));
  });
});

test('the correlation value cannot be made without the API key’s secret', () => {
  const id = claimId(use);
  expect(correlationOf('one', id)).toBe(correlationOf('one', id));
  expect(correlationOf('two', id)).not.toBe(correlationOf('one', id));
  expect(correlationOf('one', id)).toMatch(/^[A-Za-z0-9_-]{22}$/);
});
