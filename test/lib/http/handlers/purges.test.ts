import { describe, expect, test } from 'vitest';
import { checkConfig, type Scope } from '../../../../lib/config/configuration.ts';
import { maySee, orderAnswer, requireFlows } from '../../../../lib/http/handlers/purges.ts';
import { Problem } from '../../../../lib/http/problems.ts';
import type { Ordered } from '../../../../lib/purge/order/start.ts';
import { newRecord } from '../../../../lib/purge/record/record.ts';
import { viewOf } from '../../../../lib/purge/record/view.ts';
import { requestOf } from '../../../support/purge/request.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const [WELCOME, SURVEY] = [`FW${'a'.repeat(32)}`, `FW${'b'.repeat(32)}`];
const config = checkConfig({
  flows: [
    { alias: 'welcome', sid: WELCOME },
    { alias: 'survey', sid: SURVEY },
  ],
});
const body = { ...requestOf(), flows: ['welcome'] };
const record = newRecord({
  id: 'pu1',
  request: body,
  requestedBy: 'bearer:tests',
  policy: null,
  dateStarted: new Date(NOW_MS).toISOString(),
  window: { from: null, to: '2025-12-25T00:00:00Z' },
  flows: [{ alias: 'welcome', sid: WELCOME }],
});
const callerOf = (flows: string[] | null) => ({
  id: 'bearer:tests',
  name: 'tests',
  kind: 'bearer' as const,
  scopes: ['purge'] satisfies Scope[],
  flows,
});

function problemOf(act: () => unknown): Problem {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('There was no problem');
}

describe('what a caller is answered who asked for a purge', () => {
  const answer = (ordered: Ordered) => orderAnswer(ordered, (one) => viewOf(one, NOW_MS));

  test('one that was started: the record, and where it is', () => {
    expect(answer({ outcome: 'started', record, replayed: false })).toEqual({
      status: 202,
      body: viewOf(record, NOW_MS),
      headers: { location: './purges/pu1' },
    });
    expect(answer({ outcome: 'started', record, replayed: true }).headers).toMatchObject({
      'idempotent-replayed': 'true',
    });
  });

  test.each([
    ['caller', 5, /^This caller has 5 purges running, which is the limit\./],
    ['deployment', 20, /^20 purges are running, which is the limit\./],
  ] as const)('one too many of the %s: 429, when to come again, and which bound it is', (of, most, said) => {
    const problem = problemOf(() => answer({ outcome: 'full', of, most }));
    expect(problem).toMatchObject({ slug: 'throttled', status: 429, headers: { 'retry-after': '60' } });
    expect(problem.message).toMatch(said);
  });

  test.each([
    ['https://api.example.com/purges', 'https://api.example.com/purges/pu1'],
    ['https://api.example.com/prod/purges', 'https://api.example.com/prod/purges/pu1'],
    ['https://host/v1/purges', 'https://host/v1/purges/pu1'],
  ])('asked at %s finds it at %s', (asked, found) => {
    const { headers } = answer({ outcome: 'started', record, replayed: false });
    expect(new URL(headers?.['location'] ?? '', asked).href).toBe(found);
  });

  test.each<[Ordered, number]>([
    [{ outcome: 'not-started', cause: new Error('AccessDenied') }, 503],
    [{ outcome: 'unavailable', cause: new Error('the table') }, 503],
    [{ outcome: 'in-progress', retryAfterMs: 2_000 }, 409],
    [{ outcome: 'key-reused' }, 422],
  ])('$outcome: a problem of %i', (ordered, status) => {
    const problem = problemOf(() => answer(ordered));
    expect(problem.status).toBe(status);
    expect(problem.message).not.toContain('AccessDenied');
    if (status !== 422) expect(problem.headers['retry-after']).toMatch(/^\d+$/);
  });
});

describe('the flows of a purge', () => {
  test('are the caller’s, every one of them', () => {
    expect(() => requireFlows(body, config, callerOf([WELCOME]))).not.toThrow();
    expect(problemOf(() => requireFlows(body, config, callerOf([SURVEY]))).status).toBe(403);
    expect(problemOf(() => requireFlows({ ...body, flows: 'all' }, config, callerOf([WELCOME]))).status).toBe(
      403,
    );
    expect(() => requireFlows({ ...body, flows: 'all' }, config, callerOf(null))).not.toThrow();
  });

  test('say who may see it', () => {
    expect(maySee(callerOf(null), record)).toBe(true);
    expect(maySee(callerOf([WELCOME]), record)).toBe(true);
    expect(maySee(callerOf([SURVEY]), record)).toBe(false);
  });
});
