import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type Item, namesIn, type Table } from './table.ts';

/** Returns the item after the change; undefined, and nothing is changed, if the condition does not hold. */
export async function updateItem(
  { client, name }: Table,
  key: Item,
  change: string,
  condition: string,
  values?: Item,
): Promise<Item | undefined> {
  const command = new UpdateItemCommand({
    TableName: name,
    Key: key,
    UpdateExpression: change,
    ConditionExpression: condition,
    ExpressionAttributeNames: namesIn(`${change} ${condition}`),
    ExpressionAttributeValues: values,
    ReturnValues: 'ALL_NEW',
  });
  try {
    return (await client.send(command)).Attributes;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
