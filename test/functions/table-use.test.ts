import { expect, test } from 'vitest';
import { worldWithOneActive } from '../support/functions.ts';
import { callsSeen, isAllowed } from '../support/table-judge.ts';

const { call } = await worldWithOneActive();
const keyed = (pk: string) => ({ Key: { pk: { S: pk } } });
const queried = (pk: string) => ({
  KeyConditionExpression: 'pk = :pk AND sk < :before',
  ExpressionAttributeValues: { ':pk': { S: pk }, ':before': { S: 'claim#' } },
});

test('the calls of the built functions are judged', async () => {
  const headers = { 'idempotency-key': 'judged' };
  await call('POST', '/flows/welcome/executions', { body: { to: '+15005550001' }, headers });
  await call('GET', '/purges');
  expect(callsSeen()).toEqual(['purge Query', 'trigger PutItem']);
});

test.each([
  ['trigger', 'DeleteItem', keyed('claim#1'), true],
  ['trigger', 'DeleteItem', keyed('purges'), false],
  ['trigger', 'PutItem', { Item: { pk: { S: 'purge#pu1' } } }, false],
  ['trigger', 'GetItem', keyed('flow#FW1'), false],
  ['trigger', 'Scan', {}, false],
  ['purge', 'Query', queried('purges'), true],
  ['purge', 'Query', queried('purges#others'), false],
  ['purge', 'DeleteItem', keyed('purges'), false],
  ['purge', 'DeleteItem', keyed('purge#pu1'), false],
  ['purge', 'GetItem', keyed('flow#FW1'), false],
  ['cleanup', 'DeleteItem', keyed('purge#pu1'), true],
  ['cleanup', 'DeleteItem', keyed('purges'), false],
  ['cleanup', 'GetItem', keyed('claim#1'), false],
  ['query', 'GetItem', keyed('claim#1'), false],
])('%s, %s, %o: %s', (name, operation, input, expected) => {
  expect(isAllowed(name, operation, input)).toBe(expected);
});
