import { beforeEach, describe, expect, test } from 'vitest';
import { createJournal, type Journal, MAX_OPERATIONS } from '../../../../infra/local/aws/durable-journal.ts';
import type { OperationUpdate } from '../../../../infra/local/aws/durable-wire.ts';

let nowMs = 0;
let journal: Journal;

beforeEach(() => {
  nowMs = 1_000_000;
  journal = createJournal({
    execution: { id: 'root', type: 'EXECUTION', status: 'STARTED', startedMs: nowMs, payload: '{}' },
    now: () => nowMs,
  });
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
const context = (Id: string, Action: 'START' | 'SUCCEED', ParentId?: string): OperationUpdate => ({
  Type: 'CONTEXT',
  Id,
  Action,
  ...(ParentId !== undefined && { ParentId }),
});
const statuses = () => Object.fromEntries(journal.state().map(({ id, status }) => [id, status]));

describe('updates', () => {
  test('of a step may come as START and SUCCEED, or as SUCCEED alone', () => {
    journal.apply([step('1', 'START'), step('1', 'SUCCEED', { Payload: '1' }), step('2', 'SUCCEED')]);
    expect(statuses()).toEqual({ root: 'STARTED', 1: 'SUCCEEDED', 2: 'SUCCEEDED' });
    expect(journal.operationCount).toBe(2);
  });

  test.each([
    ['a step that is over', [step('1', 'SUCCEED'), step('1', 'SUCCEED')]],
    ['a step that was started', [step('1', 'START'), step('1', 'START')]],
    ['a wait that is there', [wait('1', 1), wait('1', 1)]],
    ['an operation of another type', [wait('1', 1), step('1', 'SUCCEED')]],
    ['a parent that is not there', [step('1', 'SUCCEED', { ParentId: 'nobody' })]],
    ['a parent that is no context', [step('1', 'START'), step('2', 'START', { ParentId: '1' })]],
    ['a RETRY without its delay', [step('1', 'RETRY')]],
    ['a FAIL with a payload', [step('1', 'FAIL', { Payload: 'x' })]],
    ['a SUCCEED with an error', [step('1', 'SUCCEED', { Error: {} })]],
    ['a payload above 256 KB', [step('1', 'SUCCEED', { Payload: 'x'.repeat(262_145) })]],
    ['an error above 32 KB', [step('1', 'FAIL', { Error: { ErrorMessage: 'x'.repeat(32_768) } })]],
  ])('are refused for %s', (_what, updates) => {
    expect(() => journal.apply(updates)).toThrow(
      expect.objectContaining({ code: 'InvalidParameterValueException' }),
    );
  });

  test('are applied all or not at all', () => {
    expect(() => journal.apply([step('1', 'SUCCEED'), step('2', 'RETRY')])).toThrow();
    expect(statuses()).toEqual({ root: 'STARTED' });
    expect(journal.hasChanged()).toBe(false);
    expect(journal.storedBytes).toBe(2);
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
    expect(journal.takeChanged().map(({ id }) => id)).toEqual(['shaky']);
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
    expect(journal.state().at(-1)).toMatchObject({ attempt: 2, status: 'PENDING' });
    expect(journal.operationCount).toBe(1);
  });
});

describe('the state', () => {
  test('leaves out what stands in a finished context, however deep', () => {
    journal.apply([
      context('outer', 'START'),
      context('inner', 'START', 'outer'),
      step('deep', 'SUCCEED', { ParentId: 'inner' }),
    ]);
    expect(Object.keys(statuses())).toEqual(['root', 'outer', 'inner', 'deep']);
    journal.apply([context('outer', 'SUCCEED')]);
    expect(Object.keys(statuses())).toEqual(['root', 'outer']);
    expect(journal.operationCount).toBe(3);
  });

  test('keeps the children that are to be replayed', () => {
    journal.apply([context('outer', 'START'), step('child', 'SUCCEED', { ParentId: 'outer' })]);
    journal.apply([
      { Type: 'CONTEXT', Id: 'outer', Action: 'SUCCEED', ContextOptions: { ReplayChildren: true } },
    ]);
    expect(Object.keys(statuses())).toEqual(['root', 'outer', 'child']);
  });
});

describe('the caps', () => {
  test('let 3,000 operations pass and not one more', () => {
    for (let index = 0; index < MAX_OPERATIONS; index++) journal.apply([step(`step ${index}`, 'SUCCEED')]);
    expect(journal.operationCount).toBe(3_000);
    expect(() => journal.apply([step('one more', 'SUCCEED')])).toThrow('at most 3000 operations');
  });

  test('let 100 MB pass and not one byte more', () => {
    const Payload = 'x'.repeat(262_144);
    for (let index = 0; index < 399; index++) journal.apply([step(`step ${index}`, 'SUCCEED', { Payload })]);
    const left = 100 * 1024 * 1024 - journal.storedBytes;
    journal.apply([step('last', 'SUCCEED', { Payload: 'x'.repeat(left) })]);
    expect(() => journal.apply([step('too much', 'SUCCEED', { Payload: 'x' })])).toThrow(
      'at most 104857600 bytes',
    );
  });
});
