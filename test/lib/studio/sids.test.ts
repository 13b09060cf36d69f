import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endpoints } from '../../../lib/studio/endpoints.ts';
import { fillPath } from '../../../lib/studio/sids.ts';
import { EXECUTION, FLOW, STEP } from '../../support/studio/stories.ts';

describe('a path', () => {
  test('is filled with SIDs', () => {
    const path = fillPath('a test', '/Flows/{flow}/Executions/{execution}/Steps/{step}', {
      flow: FLOW,
      execution: EXECUTION,
      step: STEP,
    });
    expect(path).toBe(`/Flows/${FLOW}/Executions/${EXECUTION}/Steps/${STEP}`);
  });

  test.each([7, '7', 'LatestPublished', 'LatestRevision'])('takes the revision %j', (revision) => {
    expect(fillPath('a test', '/Revisions/{revision}', { revision })).toBe(`/Revisions/${revision}`);
  });

  test.each([
    '',
    '..',
    '../Flows',
    `${FLOW}/../${FLOW}`,
    `${FLOW}%2F`,
    `${FLOW}\n`,
    `${FLOW}0`,
    FLOW.slice(0, -1),
    FLOW.replace('FW', 'FN'),
    FLOW.toLowerCase().replace('1', 'g'),
    FLOW.replace('1', '１'),
    '+15550000001',
  ])('refuses %j for a flow, without repeating it', (flow) => {
    expect(() => fillPath('a test', '/Flows/{flow}', { flow })).toThrow(
      expect.objectContaining({ kind: 'invalid-argument', sent: false }),
    );
    if (flow !== '')
      expect(() => fillPath('a test', '/Flows/{flow}', { flow })).not.toThrow(
        expect.objectContaining({ message: expect.stringContaining(flow) }),
      );
  });

  test.each([-1, 1.5, Number.NaN, 'Latest', '1e3', '1/..', 10_000_000_000])(
    'refuses the revision %j',
    (revision) => {
      expect(() => fillPath('a test', '/Revisions/{revision}', { revision })).toThrow(/revision number/);
    },
  );

  test('whatever is put in, what comes out has the template’s own segments, or nothing comes out', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'FWNT0123456789abcdef/.%') }),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom(...Object.values(endpoints)), (text, { path }) => {
        let filled: string;
        try {
          filled = fillPath('a test', path, { flow: FLOW, execution: text, step: text, revision: text });
        } catch {
          return;
        }
        expect(filled.split('/')).toHaveLength(path.split('/').length);
        expect(new URL(filled, 'http://localhost').pathname).toBe(filled);
      }),
    );
  });
});
