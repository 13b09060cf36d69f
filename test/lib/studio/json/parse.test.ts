import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseExecution,
  parseExecutionContext,
  parseFlow,
  parseStep,
  parseStepContext,
  parseTestUsers,
  parseValidity,
} from '../../../../lib/studio/json/parse.ts';
import { ACCOUNT, EXECUTION, execution, FLOW, STEP } from '../../../support/studio/stories.ts';

const parsers = {
  parseExecution,
  parseStep,
  parseFlow,
  parseTestUsers,
  parseExecutionContext,
  parseStepContext,
  parseValidity,
};

describe('an answer', () => {
  test.each([
    ['2026-11-01T11:00:00', '2026-11-01T11:00:00Z'],
    ['2026-11-01 11:00:00.123456', '2026-11-01T11:00:00.123456Z'],
    ['2026-11-01T11:00:00+01:00', '2026-11-01T11:00:00+01:00'],
    ['Sun, 01 Nov 2026 11:00:00 +0000', 'Sun, 01 Nov 2026 11:00:00 +0000'],
  ])('%s is a date of UTC, unless it says otherwise', (told, read) => {
    expect(parseExecution(execution(EXECUTION, { date_created: told }))?.dateCreated).toBe(read);
  });

  test('becomes an execution under the names of Twilio’s Node SDK', () => {
    expect(parseExecution(execution(EXECUTION, { date_updated: '2026-11-01T11:30:00Z' }))).toEqual({
      sid: EXECUTION,
      accountSid: ACCOUNT.accountSid,
      flowSid: FLOW,
      contactChannelAddress: '+15550000001',
      contactSid: `FC${'4'.repeat(32)}`,
      flowVersion: 3,
      status: 'active',
      dateCreated: '2026-11-01T11:00:00Z',
      dateUpdated: '2026-11-01T11:30:00Z',
      initiatedBy: null,
      url: `https://studio.twilio.com/v2/Flows/${FLOW}/Executions/${EXECUTION}`,
    });
  });

  test('may leave out everything but the SID', () => {
    expect(parseExecution({ sid: EXECUTION })).toMatchObject({
      sid: EXECUTION,
      status: null,
      dateCreated: null,
    });
    expect(parseStep({ sid: STEP })).toMatchObject({ sid: STEP, name: null, context: null });
    expect(parseStep({ sid: STEP, context: { widgets: {} } })?.context).toEqual({ widgets: {} });
    expect(parseFlow({ sid: FLOW })).toMatchObject({
      sid: FLOW,
      revision: null,
      definition: null,
      valid: null,
    });
    expect(parseTestUsers({ sid: FLOW, test_users: null })).toEqual({ sid: FLOW, testUsers: [], url: null });
  });

  test('may hold more than is known, and values of the wrong type, which are null', () => {
    const odd = {
      sid: EXECUTION,
      flow_version: '3',
      status: 'paused',
      date_created: 1,
      account_sid: {},
      new: true,
    };
    expect(parseExecution(odd)).toEqual({ ...parseExecution({ sid: EXECUTION }) });
  });

  test('of v1 has its flow’s version for a revision', () => {
    expect(parseFlow({ sid: FLOW, version: 4 })?.revision).toBe(4);
    expect(parseFlow({ sid: FLOW, revision: 5, version: 4 })?.revision).toBe(5);
  });

  test('is a context if it has one, or says whose it is', () => {
    expect(parseExecutionContext({ context: { flow: {} } })).toMatchObject({ context: { flow: {} } });
    expect(parseExecutionContext({ execution_sid: EXECUTION })).toMatchObject({
      executionSid: EXECUTION,
      context: null,
    });
    expect(parseStepContext({ context: null, step_sid: STEP })).toMatchObject({
      stepSid: STEP,
      context: null,
    });
    expect(parseExecutionContext({ sid: EXECUTION })).toBeUndefined();
  });

  test('keeps only test users that are text', () => {
    expect(parseTestUsers({ sid: FLOW, test_users: ['a', 1, null, 'b'] })?.testUsers).toEqual(['a', 'b']);
  });

  test.each(Object.entries(parsers))('is refused by %s when it is no object, or nobody’s', (_, parse) => {
    for (const nothing of [
      undefined,
      null,
      '',
      'text',
      1,
      true,
      [],
      [{ sid: EXECUTION }],
      {},
      { sid: null },
      { sid: '' },
    ])
      expect(parse(nothing)).toBeUndefined();
  });

  test('never makes a parser throw, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        for (const parse of Object.values(parsers)) parse(json);
      }),
    );
  });
});
