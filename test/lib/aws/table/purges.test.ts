import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { createPurgeStore } from '../../../../lib/aws/table/purges.ts';
import type { Batch, FailedItem } from '../../../../lib/purge/batch/batch.ts';
import { type PurgeStore, SupersededError } from '../../../../lib/purge/engine/ports.ts';
import { purgeId } from '../../../../lib/purge/record/purge-id.ts';
import { newRecord, type PurgeRecord } from '../../../../lib/purge/record/record.ts';
import { batchOf } from '../../../support/purge/batch.ts';
import { createMemoryPurges } from '../../../support/purge/ports/store.ts';
import { requestOf } from '../../../support/purge/request.ts';
import { openTableAt, tableOfFile } from '../../../support/table.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const table = await tableOfFile();

let ids = 0;
function recordOf(startedMs = NOW_MS): PurgeRecord {
  return newRecord({
    id: purgeId(startedMs, String(++ids)),
    request: requestOf(),
    requestedBy: 'bearer:tests',
    policy: null,
    dateStarted: new Date(startedMs).toISOString(),
    window: { from: null, to: '2025-12-25T00:00:00Z' },
    flows: [{ alias: 'welcome', sid: `FW${'a'.repeat(32)}` }],
  });
}

async function batchesIn(store: PurgeStore, purge: string): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of store.batches(purge)) all.push(batch);
  return all;
}

const stores: { name: string; open: () => PurgeStore }[] = [
  { name: 'the table', open: () => createPurgeStore(table, () => NOW_MS) },
  { name: 'the memory of the tests', open: createMemoryPurges },
];

describe.each(stores)('purges in $name', ({ open }) => {
  test('are kept as they were written, once for an id', async () => {
    const store = open();
    const record = recordOf();
    expect(await store.create(record)).toBe('created');
    expect(await store.create({ ...record, requestedBy: 'somebody else' })).toBe('exists');
    expect(await store.read(record.id)).toEqual({ record, version: 1, stopRequested: false });
    expect(await store.read(purgeId(NOW_MS, 'nobody'))).toBeUndefined();
  });

  test('are saved only by who read them last', async () => {
    const store = open();
    const record = recordOf();
    await store.create(record);
    const saved = await store.save({ ...record, error: 'first' }, 1);
    expect(saved).toEqual({ version: 2, stopRequested: false });
    await expect(store.save({ ...record, error: 'second' }, 1)).rejects.toThrow(SupersededError);
    expect((await store.read(record.id))?.record.error).toBe('first');
  });

  test('tell their worker of the wish to stop at its next save, and lose it at none', async () => {
    const store = open();
    const record = recordOf();
    await store.create(record);
    expect(await store.requestStop(record.id)).toMatchObject({ version: 1, stopRequested: true });
    expect(await store.save(record, 1)).toEqual({ version: 2, stopRequested: true });
    expect(await store.save(record, 2)).toEqual({ version: 3, stopRequested: true });
    expect(await store.requestStop(purgeId(NOW_MS, 'nobody'))).toBeUndefined();
  });

  test('keep their batches in the order of their numbers, until they are dropped', async () => {
    const store = open();
    const { id } = recordOf();
    const failed: FailedItem[] = [
      {
        sid: 'FN1',
        created: '2025-12-01T00:00:00Z',
        active: true,
        archived: false,
        reason: 'delete: rejected',
        transient: false,
        possibleEffect: 'nothing',
        round: 0,
      },
    ];
    const outcome = { archived: 0, done: [], ended: 0, gone: [], failed };
    for (const seq of [10, 1]) await store.openBatch(id, batchOf(seq));
    const { owner } = await store.openBatch(id, batchOf(2));
    await expect(store.openBatch(id, batchOf(2, { flow: 1 }))).rejects.toThrow(SupersededError);
    // Another worker of the purge, which has listed the same: only one of them may act on it.
    await expect(store.openBatch(id, batchOf(2))).rejects.toThrow(SupersededError);
    await store.saveBatch(id, { ...batchOf(2, { inactive: [], outcome }), owner });
    await store.dropBatch(id, 1);
    await store.dropBatch(id, 1);
    expect(await batchesIn(store, id)).toEqual([batchOf(2, { inactive: [], outcome }), batchOf(10)]);
    expect(await batchesIn(store, recordOf().id)).toEqual([]);
  });

  test('let only the last worker that took a batch save it, which finds it as it stands', async () => {
    const store = open();
    const { id } = recordOf();
    const opened = await store.openBatch(id, batchOf(1));
    await store.saveBatch(id, { ...opened, archived: true });
    const taken = await store.takeBatch(id, 1);
    expect(taken).toEqual({ ...batchOf(1, { archived: true }), owner: taken.owner });
    await expect(store.saveBatch(id, { ...opened, inactive: [] })).rejects.toThrow(SupersededError);
    await store.saveBatch(id, { ...taken, inactive: ['FN1'] });
    expect(await batchesIn(store, id)).toEqual([batchOf(1, { archived: true, inactive: ['FN1'] })]);
    await store.dropBatch(id, 1);
    await expect(store.saveBatch(id, taken)).rejects.toThrow(SupersededError);
    await expect(store.takeBatch(id, 1)).rejects.toThrow(SupersededError);
  });

  test('take a batch of a whole page, and list more batches than one answer of the table holds', async () => {
    const store = open();
    const { id } = recordOf();
    const inactive = Array.from({ length: 1_000 }, (_, index) => `FN${String(index).padStart(32, '0')}`);
    for (let seq = 1; seq <= 40; seq++) await store.openBatch(id, batchOf(seq, { inactive }));
    expect((await batchesIn(store, id)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });
});

describe.each(stores.slice(1))('the list of purges in $name', ({ open }) => {
  listed(open);
});

describe('the list of purges in the table', () => {
  // The purges of the tests above are older.
  listed(() => createPurgeStore(table, () => NOW_MS));
});

function listed(open: () => PurgeStore) {
  test('is newest first and goes on where a page ended, and says when nothing follows', async () => {
    const store = open();
    const records = [1, 2, 3, 4].map((minute) => recordOf(NOW_MS + minute * 60_000));
    for (const record of [records[2], records[0], records[3], records[1]])
      if (record) await store.create(record);
    const newest = records.map(({ id }) => id).reverse();

    const first = await store.list(2, null);
    expect(first.purges.map(({ id }) => id)).toEqual(newest.slice(0, 2));
    expect(first.next).toBe(newest[1]);
    const second = await store.list(2, first.next);
    expect(second.purges.map(({ id }) => id)).toEqual(newest.slice(2));
  });

  test('ends with null, also when the last page is full', async () => {
    const store = open();
    const record = recordOf(Date.UTC(2020, 0, 1));
    await store.create(record);
    // Nothing is older.
    const newer = purgeId(Date.UTC(2020, 0, 2), '');
    expect(await store.list(1, newer)).toEqual({ purges: [record], next: null });
    expect(await store.list(1, record.id)).toEqual({ purges: [], next: null });
  });
}

test('a batch that an older version opened, whom nobody holds, is taken as any other', async () => {
  const store = createPurgeStore(table, () => NOW_MS);
  const { id } = recordOf();
  await table.client.send(
    new PutItemCommand({
      TableName: table.name,
      Item: {
        pk: { S: `purge#${id}` },
        sk: { S: 'batch#00000001' },
        batch: { S: JSON.stringify(batchOf(1)) },
        opening: { S: 'theirs' },
      },
    }),
  );
  const taken = await store.takeBatch(id, 1);
  await store.saveBatch(id, { ...taken, archived: true });
  expect(await batchesIn(store, id)).toEqual([batchOf(1, { archived: true })]);
});

test('a write whose answer got lost and which the SDK repeated counts as done', async () => {
  const { client, name } = openTableAt(table.url);
  let lost = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      if (lost++ % 2 === 0) throw Object.assign(new Error('no answer'), { name: 'TimeoutError' });
      return answer;
    },
    { step: 'deserialize' },
  );
  const store = createPurgeStore({ client, name }, () => NOW_MS);
  const record = recordOf();
  await createPurgeStore(table, () => NOW_MS).create(record);
  // The second try finds the first one's write in its way, and what it reads, twice as well, says whose it is.
  expect(await store.save(record, 1)).toEqual({ version: 2, stopRequested: false });
  await store.openBatch(record.id, batchOf(1));
  expect(lost).toBe(8);
  await store.saveBatch(record.id, { ...(await store.takeBatch(record.id, 1)), inactive: ['FN1'] });
  expect(
    await batchesIn(
      createPurgeStore(table, () => NOW_MS),
      record.id,
    ),
  ).toEqual([batchOf(1, { inactive: ['FN1'] })]);
  expect(lost).toBe(12);
  client.destroy();
});
