import { beforeEach, describe, expect, test } from 'vitest';
import type { OperationUpdate } from '../../../../infra/local/aws/durable-journal.ts';
import { createJournal, type Journal, MAX_OPERATIONS } from '../../../../infra/local/aws/durable-journal.ts';

let nowMs = 0;
let journal: Journal;

beforeEach(() => {
  nowMs = 1_000_000;
  journal = createJournal({ payload: '{}', now: () => nowMs });
});

const step = (
  Id: string,
  Action: 'START' | 'SUCCEED' | 'FAIL' | 'RETRY',
  more: object = {},
): OperationUpdate => ({
  Type: 'STEP',
  Id,
  Action,
  ...more,
});
const wait = (Id: string, WaitSeconds: number): OperationUpdate => ({
  Type: 'WAIT',
  Id,
  Action: 'START',
  WaitOptions: { WaitSeconds },
});
const statuses = () =>
  Object.fromEntries(
    journal
      .all()
      .slice(1)
      .map(({ Id, Status }) => [Id, Status]),
  );

describe('updates', () => {
  test('of a step may come as START and SUCCEED, or as SUCCEED alone', () => {
    journal.apply([step('1', 'START'), step('1', 'SUCCEED', { Payload: '1' }), step('2', 'SUCCEED')]);
    expect(statuses()).toEqual({ 1: 'SUCCEEDED', 2: 'SUCCEEDED' });
    expect(journal.operationCount).toBe(2);
  });

  test.each([
    ['a step that is over', [step('1', 'SUCCEED'), step('1', 'SUCCEED')]],
    ['a step that was started', [step('1', 'START'), step('1', 'START')]],
    ['a wait that is there', [wait('1', 1), wait('1', 1)]],
    ['an operation of another type', [wait('1', 1), step('1', 'SUCCEED')]],
    ['a payload above 256 KB', [step('1', 'SUCCEED', { Payload: 'x'.repeat(262_145) })]],
  ])('are refused for %s', (_what, updates) => {
    expect(() => journal.apply(updates)).toThrow(
      expect.objectContaining({ code: 'InvalidParameterValueException' }),
    );
  });

  test('are applied all or not at all', () => {
    expect(() => journal.apply([step('1', 'SUCCEED'), step('1', 'RETRY')])).toThrow();
    expect(statuses()).toEqual({});
    expect(journal.hasChanged()).toBe(false);
  });
});

describe('time', () => {
  test('ends a wait and releases a retry when they are due', () => {
    journal.apply([
      wait('wait', 60),
      step('shaky', 'RETRY', { StepOptions: { NextAttemptDelaySeconds: 30 } }),
    ]);
    journal.takeChanged();
    expect(journal.nextDueMs()).toBe(nowMs + 30_000);
    nowMs += 30_000;
    journal.settleDue();
    expect(statuses()).toMatchObject({ wait: 'STARTED', shaky: 'READY' });
    expect(journal.takeChanged().map(({ Id }) => Id)).toEqual(['shaky']);
    nowMs += 30_000;
    journal.settleDue();
    expect(statuses()).toMatchObject({ wait: 'SUCCEEDED' });
    expect(journal.nextDueMs()).toBeUndefined();
  });

  test('counts the attempts of a step', () => {
    const retry = step('1', 'RETRY', { StepOptions: { NextAttemptDelaySeconds: 0 } });
    journal.apply([retry]);
    journal.settleDue();
    journal.apply([retry]);
    expect(journal.all().at(-1)).toMatchObject({ Status: 'PENDING', StepDetails: { Attempt: 2 } });
    expect(journal.operationCount).toBe(1);
  });
});

describe('the cap', () => {
  test('lets 3,000 operations pass and not one more', () => {
    for (let index = 0; index < MAX_OPERATIONS; index++) journal.apply([step(`step ${index}`, 'SUCCEED')]);
    expect(journal.operationCount).toBe(3_000);
    expect(() => journal.apply([step('one more', 'SUCCEED')])).toThrow('at most 3000 operations');
  });
});
