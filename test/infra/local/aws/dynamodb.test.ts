import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTable } from '../../../../infra/local/aws/dynamodb.ts';
import type { Listening } from '../../../../infra/local/http.ts';
import { clientOf } from '../../../support/aws-client.ts';

let table: Listening;
let client: DynamoDBClient;

beforeEach(async () => {
  table = await startTable('studio');
  client = new DynamoDBClient(clientOf(table.url));
});
afterEach(async () => {
  client.destroy();
  await table.close();
});

const key = { pk: { S: 'claim#1' }, sk: { S: 'claim' } };

test('a conditional write succeeds once', async () => {
  const put = new PutItemCommand({
    TableName: 'studio',
    Item: { ...key, expiresAt: { N: '1' } },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
  await client.send(put);
  await expect(client.send(put)).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
});

test('an item is updated, read consistently and found by its keys', async () => {
  await client.send(
    new UpdateItemCommand({
      TableName: 'studio',
      Key: key,
      UpdateExpression: 'SET #state = :state',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':state': { S: 'settled' } },
    }),
  );
  const { Item } = await client.send(
    new GetItemCommand({ TableName: 'studio', Key: key, ConsistentRead: true }),
  );
  expect(Item).toEqual({ ...key, state: { S: 'settled' } });
  const { Items } = await client.send(
    new QueryCommand({
      TableName: 'studio',
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
      ExpressionAttributeValues: { ':pk': { S: 'claim#1' }, ':sk': { S: 'cl' } },
      ScanIndexForward: false,
    }),
  );
  expect(Items).toHaveLength(1);
});
