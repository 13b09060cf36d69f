import { expect, test } from 'vitest';
import { triggerAnswer } from '../../../../lib/http/handlers/trigger.ts';
import { Problem, type ProblemSlug } from '../../../../lib/http/problems.ts';
import { ClaimStoreError } from '../../../../lib/idempotency/claims.ts';
import { StudioError } from '../../../../lib/studio/errors.ts';
import type { Triggered } from '../../../../lib/trigger/trigger.ts';

const SID = `FN${'a'.repeat(32)}`;
const FLOW_SID = `FW${'a'.repeat(32)}`;
const flow = { alias: 'welcome', sid: FLOW_SID, onConflict: 'fail', correlation: true } as const;
const execution = {
  sid: SID,
  accountSid: null,
  flowSid: FLOW_SID,
  contactChannelAddress: '+15550001111',
  contactSid: null,
  flowVersion: 1,
  status: 'active',
  dateCreated: '2026-01-01T00:00:00Z',
  dateUpdated: null,
  initiatedBy: null,
  url: null,
} as const;

function problemFor(triggered: Triggered): Problem {
  try {
    triggerAnswer(triggered, flow);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('it was no problem');
}

test.each([
  ['created', false, 201],
  ['created', true, 201],
  ['existing', false, 200],
  ['replaced', true, 200],
] as const)('%s (replayed: %s) is %d', (outcome, replayed, status) => {
  const answer = triggerAnswer({ outcome, replayed, execution }, flow);
  expect(answer.status).toBe(status);
  expect(answer.headers).toEqual(replayed ? { 'idempotent-replayed': 'true' } : {});
  expect(answer.body).toEqual({ outcome, execution: { ...execution, flow: 'welcome' } });
});

const problems: [Triggered, ProblemSlug, number, Record<string, string>][] = [
  [{ outcome: 'conflict', conflictingExecutionSid: SID }, 'active-execution-exists', 409, {}],
  [{ outcome: 'in-progress', retryAfterMs: 1_500 }, 'request-in-progress', 409, { 'retry-after': '2' }],
  [{ outcome: 'key-reused' }, 'idempotency-key-reused', 422, {}],
  [{ outcome: 'signature-replayed' }, 'signature-replayed', 409, {}],
  [
    { outcome: 'invalid', mistakes: [{ detail: 'is missing', pointer: '#/from' }] },
    'invalid-request',
    422,
    {},
  ],
  [{ outcome: 'throttled', retryAfterMs: 100 }, 'throttled', 429, { 'retry-after': '1' }],
  [{ outcome: 'out-of-time' }, 'studio-unavailable', 503, { 'retry-after': '2' }],
  [
    { outcome: 'unavailable', cause: new ClaimStoreError('down') },
    'unavailable',
    503,
    { 'retry-after': '2' },
  ],
  [
    { outcome: 'unknown', retryAfterMs: 17_200, repeatable: true },
    'outcome-unknown',
    504,
    { 'retry-after': '18' },
  ],
];
test.each(problems)('%o is a problem', (triggered, slug, status, headers) => {
  expect(problemFor(triggered)).toMatchObject({ slug, status, headers });
});

test('whether it may be sent again is told by whether there was a key', () => {
  const unknown = { outcome: 'unknown', retryAfterMs: 1_000 } as const;
  const repeatable = problemFor({ ...unknown, repeatable: true });
  expect([repeatable.message, repeatable.headers['retry-after']]).toEqual([
    expect.stringContaining('no second'),
    '1',
  ]);
  const other = problemFor({ ...unknown, repeatable: false });
  expect([other.message, other.headers['retry-after']]).toEqual([
    expect.stringContaining('may create a second'),
    undefined,
  ]);
});

test('what Studio refuses is left to what every Studio error becomes', () => {
  const error = new StudioError('rejected', 'rejected', { operation: 'createExecution', status: 400 });
  expect(() => triggerAnswer({ outcome: 'refused', error }, flow)).toThrow(error);
});
