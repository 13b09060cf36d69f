import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../../../lib/config/configuration.ts';
import { hashContacts } from '../../../../lib/purge/order/contact-key.ts';
import { matcherOf, resolveFlows, resolveWindow } from '../../../../lib/purge/order/selection.ts';
import type { PurgeRequest } from '../../../../lib/purge/record/record.ts';
import type { Execution } from '../../../../lib/studio/types.ts';
import { contactKey } from '../../../support/purge/world.ts';

const NOW_MS = Date.parse('2026-11-20T12:00:00.500Z');
const nothing = { olderThan: null, dateCreatedFrom: null, dateCreatedTo: null };

describe('the window', () => {
  test('of an age ends that long before the request, rounded down to what Studio can tell apart', () => {
    expect(resolveWindow({ ...nothing, olderThan: 'P7D' }, NOW_MS)).toEqual({
      from: null,
      to: '2026-11-13T12:00:00Z',
    });
  });

  test('without an age has everything up to the second of the request in it', () => {
    expect(resolveWindow(nothing, NOW_MS)).toEqual({ from: null, to: '2026-11-20T12:00:01Z' });
  });

  test('of dates is rounded inwards, so that nothing outside is touched', () => {
    const dates = { dateCreatedFrom: '2026-11-01T00:00:00.001Z', dateCreatedTo: '2026-11-02T00:00:00.999Z' };
    expect(resolveWindow({ ...nothing, ...dates }, NOW_MS)).toEqual({
      from: '2026-11-01T00:00:01Z',
      to: '2026-11-02T00:00:00Z',
    });
  });

  test('never reaches into the future, where executions would keep arriving in it', () => {
    expect(resolveWindow({ ...nothing, dateCreatedTo: '2030-01-01T00:00:00Z' }, NOW_MS).to).toBe(
      '2026-11-20T12:00:01Z',
    );
  });

  test('of an age beyond the calendar selects nothing', () => {
    expect(resolveWindow({ ...nothing, olderThan: 'P999999Y' }, NOW_MS).to).toBe('1970-01-01T00:00:00Z');
  });
});

describe('the flows', () => {
  const [welcome, survey] = [`FW${'a'.repeat(32)}`, `FW${'b'.repeat(32)}`];
  const config = checkConfig({
    flows: [
      { alias: 'welcome', sid: welcome },
      { alias: 'survey', sid: survey },
    ],
  });

  test('are all of the configured ones, or those named by alias or SID, each once', () => {
    expect(resolveFlows('all', config).map(({ alias }) => alias)).toEqual(['welcome', 'survey']);
    expect(resolveFlows(['survey', survey], config)).toEqual([{ alias: 'survey', sid: survey }]);
  });
});

describe('what matches', () => {
  const request: PurgeRequest = {
    ...nothing,
    flows: 'all',
    status: 'ended',
    olderThan: 'P7D',
    contact: null,
    action: 'delete',
    archive: false,
    limit: null,
    dryRun: false,
  };
  const window = { from: '2026-11-01T00:00:00Z', to: '2026-11-13T12:00:00Z' };
  const execution: Execution = {
    sid: 'FN',
    accountSid: null,
    flowSid: null,
    contactChannelAddress: null,
    contactSid: null,
    flowVersion: null,
    status: 'ended',
    dateCreated: '2026-11-13T11:59:59Z',
    dateUpdated: null,
    initiatedBy: null,
    url: null,
  };

  test.each([
    [{}, true],
    [{ dateCreated: '2026-11-13T12:00:00Z' }, false],
    [{ dateCreated: '2026-11-01T00:00:00Z' }, true],
    [{ dateCreated: '2026-10-31T23:59:59Z' }, false],
    [{ status: 'active' as const }, false],
    [{ status: null }, false],
    // How old it is cannot be known.
    [{ dateCreated: null }, false],
    [{ dateCreated: 'yesterday' }, false],
  ])('%j: %s', (changes, isMatch) => {
    expect(matcherOf({ request, window }, null).matches({ ...execution, ...changes })).toBe(isMatch);
  });

  test('without an age asked for, one without a date matches too', () => {
    const erasure = { ...request, olderThan: null, status: 'any' as const };
    expect(matcherOf({ request: erasure, window }, null).matches({ ...execution, dateCreated: null })).toBe(
      true,
    );
  });

  test('several contacts asked for: each exactly, and no other spelling', () => {
    const contact = hashContacts(contactKey, ['+15005550006', 'whatsapp:+15005550006']);
    const { matches } = matcherOf({ request: { ...request, contact }, window }, contactKey);
    const matching = [
      '+15005550006',
      'whatsapp:+15005550006',
      'rcs:+15005550006',
      '+150055500061',
      '15005550006',
      null,
    ].filter((contactChannelAddress) => matches({ ...execution, contactChannelAddress }));
    expect(matching).toEqual(['+15005550006', 'whatsapp:+15005550006']);
  });

  test('a contact asked for, but no key to compare with: nothing does', () => {
    const erasure = { ...request, contact: 'hmac-sha256:00000000:00' };
    expect(
      matcherOf({ request: erasure, window }, null).matches({ ...execution, contactChannelAddress: '+1' }),
    ).toBe(false);
  });
});
