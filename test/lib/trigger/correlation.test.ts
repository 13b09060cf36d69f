import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../lib/studio/json/json.ts';
import { CORRELATION_PARAMETER, ownershipOf, withCorrelation } from '../../../lib/trigger/correlation.ts';

const carried = { name: 'Ada', [CORRELATION_PARAMETER]: 'ours' };

describe('a context', () => {
  const ours: [string, unknown][] = [
    ['under flow.data', { flow: { data: carried } }],
    ['under trigger.request.parameters', { trigger: { request: { parameters: carried } } }],
    ['as a JSON string', JSON.stringify({ flow: { data: carried } })],
    ['with parameters that are a JSON string', { flow: { data: JSON.stringify(carried) } }],
    [
      'beside other data',
      { contact: {}, widgets: {}, flow: { data: {} }, trigger: { request: { parameters: carried } } },
    ],
  ];
  test.each(ours)('with the value %s is ours', (_, context) => {
    expect(ownershipOf(context, 'ours')).toBe('ours');
  });

  const others: [string, unknown][] = [
    ['another value', { flow: { data: { [CORRELATION_PARAMETER]: 'theirs' } } }],
    ['parameters without the value', { flow: { data: { name: 'Ada' } } }],
    ['a message as its trigger', { trigger: { message: { Body: 'ours' } } }],
    ['the value in another place', { widgets: { [CORRELATION_PARAMETER]: 'ours' }, flow: { data: {} } }],
  ];
  test.each(others)('with %s is somebody else’s', (_, context) => {
    expect(ownershipOf(context, 'ours')).toBe('other');
  });

  const numbers = parseJson('{"flow":{"data":1.0},"trigger":2.0}');
  test.each([[null], [undefined], [''], ['<html>'], [{}], [[]], [{ flow: null }], [42], [numbers]])(
    'that is %j says nothing',
    (context) => {
      expect(ownershipOf(context, 'ours')).toBe('unknown');
    },
  );
});

test('the value stands beside the parameters and leaves them as they are', () => {
  const parameters = { name: 'Ada' };
  expect(withCorrelation(parameters, 'ours')).toEqual(carried);
  expect(parameters).toEqual({ name: 'Ada' });
  expect(withCorrelation(undefined, 'ours')).toEqual({ [CORRELATION_PARAMETER]: 'ours' });
  expect(withCorrelation(undefined, null)).toBeUndefined();
});
