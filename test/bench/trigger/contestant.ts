import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CREDENTIALS, FLOW_SID, median, percentile, report, triggerEvent } from '../support/harness.ts';

/**
 * The built bundle of `trigger`, invoked as Lambda invokes it, in turn with the bare call to Studio that it
 * wraps and with the two writes to the table that exactly-once costs.
 */
const [bundle = '', inFlightText = '1', countText = '100'] = process.argv.slice(2);
const inFlight = Number(inFlightText);
const count = Number(countText);
const BLOCK = 50;
const WARM_UP = 100;

const { handler } = (await import(bundle)) as {
  handler(event: unknown, context: unknown): Promise<{ statusCode: number; body: string }>;
};
const studioUrl = process.env['STUDIO_BASE_URL'] ?? '';
const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
const authorization = `Basic ${btoa(`${CREDENTIALS.username}:${CREDENTIALS.password}`)}`;
const table = new DynamoDBClient({ region: 'us-east-1' });
let contacts = 0;
// A contact has one active execution: each load has contacts of its own.
const nextContact = () => `+15${inFlight}${String(contacts++).padStart(7, '0')}`;

function bare(): Promise<void> {
  const body = new URLSearchParams({ To: nextContact(), From: '+15550001111' }).toString();
  const headers = {
    authorization,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    request(
      `${studioUrl}/v2/Flows/${FLOW_SID}/Executions`,
      { method: 'POST', agent, headers },
      (response) => {
        if (response.statusCode !== 201) reject(new Error(`Studio answered ${response.statusCode}`));
        response.resume().on('end', resolve);
      },
    )
      .on('error', reject)
      .end(body);
  });
}

async function whole(): Promise<void> {
  const parameters = { order: '4711', name: 'a name' };
  const event = triggerEvent(randomUUID(), { to: nextContact(), parameters });
  const { statusCode, body } = await handler(event, {
    awsRequestId: randomUUID(),
    functionName: 'trigger',
    getRemainingTimeInMillis: () => 29_000,
  });
  if (statusCode !== 201) throw new Error(`trigger answered ${statusCode} ${body}`);
}

/** The bare call between two writes, in the rhythm of the handler. */
async function written(): Promise<void> {
  await write('claimed');
  await bare();
  await write('settled');
}

async function write(state: string): Promise<void> {
  await table.send(
    new PutItemCommand({
      TableName: process.env['STUDIO_TABLE'],
      Item: { pk: { S: `bench#${randomUUID()}` }, sk: { S: 'claim' }, state: { S: state } },
      ConditionExpression: 'attribute_not_exists(pk)',
    }),
  );
}

/** Durations of `total` calls, `inFlight` at a time, in milliseconds. */
async function time(work: () => Promise<void>, total: number): Promise<number[]> {
  const durations: number[] = [];
  let left = total;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) {
        const startedAt = performance.now();
        await work();
        durations.push(performance.now() - startedAt);
      }
    }),
  );
  return durations;
}

// The handler's log lines are part of its work, and none of ours.
const print = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true;
console.log = () => undefined;
const contestants = { bare, written, whole };
const durations: Record<string, number[]> = { bare: [], written: [], whole: [] };
for (const work of Object.values(contestants)) await time(work, WARM_UP);
for (let done = 0; done < count; done += BLOCK)
  for (const [name, work] of Object.entries(contestants)) durations[name]?.push(...(await time(work, BLOCK)));
process.stdout.write = print;
console.log = (line: string) => print(`${line}\n`);
await report(async () =>
  Object.fromEntries(
    Object.entries(durations).flatMap(([name, values]) => [
      [`${name}Median`, median(values)],
      [`${name}P99`, percentile(values, 0.99)],
    ]),
  ),
);
process.exit();
