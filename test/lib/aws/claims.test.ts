import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTable } from '../../../infra/local/aws/table.ts';
import { createClaimStore } from '../../../lib/aws/claims.ts';
import { awsClientOptions } from '../../../lib/aws/clients.ts';
import type { Table } from '../../../lib/aws/table.ts';
import type { Claim, ClaimStore } from '../../../lib/trigger/claims.ts';
import { createMemoryClaims } from '../trigger/world/claims.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const TABLE = 'claims';

let local: Awaited<ReturnType<typeof startTable>>;
let table: Table;

beforeAll(async () => {
  local = await startTable(TABLE);
  table = openTableAt(local.url);
});

afterAll(async () => {
  table.client.destroy();
  await local.close();
});

function openTableAt(endpoint: string): Table {
  const env = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'local' };
  return { client: new DynamoDBClient({ ...awsClientOptions(env, 'eu-central-1'), endpoint }), name: TABLE };
}

let ids = 0;
function claimOf(changes: Partial<Claim> = {}): Claim {
  return {
    id: `id-${++ids}`,
    fingerprint: 'fingerprint',
    memo: 'memo',
    owner: 'first',
    leaseUntilMs: NOW_MS + 30_000,
    sends: { fromMs: NOW_MS, untilMs: NOW_MS + 5_000 },
    answer: null,
    expiresAtMs: NOW_MS + 90_000,
    ...changes,
  };
}

const stores: { name: string; open: () => ClaimStore }[] = [
  { name: 'the table', open: () => createClaimStore(table) },
  { name: 'the memory of the tests', open: createMemoryClaims },
];

describe.each(stores)('claims in $name', ({ open }) => {
  test('are given to the first, and shown to the next', async () => {
    const store = open();
    const claim = claimOf();
    expect(await store.claim(claim, NOW_MS)).toEqual({ outcome: 'claimed' });
    expect(await store.claim({ ...claim, owner: 'second' }, NOW_MS)).toEqual({ outcome: 'exists', claim });
  });

  test('are given to one of many who ask at once', async () => {
    const store = open();
    const claim = claimOf();
    const owners = Array.from({ length: 10 }, (_, at) => `owner-${at}`);
    const asked = await Promise.all(owners.map((owner) => store.claim({ ...claim, owner }, NOW_MS)));
    expect(asked.filter(({ outcome }) => outcome === 'claimed')).toHaveLength(1);
  });

  test('are free again once they expired, whether they were removed or not', async () => {
    const store = open();
    const claim = claimOf();
    await store.claim(claim, NOW_MS);
    const next = { ...claim, owner: 'second', expiresAtMs: NOW_MS + 900_000 };
    expect((await store.claim(next, claim.expiresAtMs - 1_000)).outcome).toBe('exists');
    expect((await store.claim(next, claim.expiresAtMs)).outcome).toBe('claimed');
  });

  test('are taken over by one, and then are the old owner’s no more', async () => {
    const store = open();
    const claim = claimOf();
    await store.claim(claim, NOW_MS);
    const next = { ...claim, owner: 'second', leaseUntilMs: NOW_MS + 60_000 };
    const taken = await Promise.all([
      store.takeOver(claim, next),
      store.takeOver(claim, { ...next, owner: 'third' }),
    ]);
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await store.update({ ...claim, answer: 'late' })).toBe(false);
    await store.release(claim);
    expect((await store.claim({ ...claim, owner: 'fourth' }, NOW_MS)).outcome).toBe('exists');
  });

  test('are not taken over once they were renewed or settled', async () => {
    const store = open();
    const claim = claimOf();
    await store.claim(claim, NOW_MS);
    const renewed = { ...claim, leaseUntilMs: NOW_MS + 40_000 };
    expect(await store.update(renewed)).toBe(true);
    expect(await store.takeOver(claim, { ...claim, owner: 'second' })).toBe(false);
    expect(await store.update({ ...renewed, answer: 'done' })).toBe(true);
    expect(await store.takeOver(renewed, { ...renewed, owner: 'second' })).toBe(false);
    const shown = await store.claim({ ...claim, owner: 'third' }, NOW_MS);
    expect(shown).toMatchObject({ outcome: 'exists', claim: { answer: 'done', owner: 'first' } });
  });

  test('are as if they never were after a release', async () => {
    const store = open();
    const claim = claimOf();
    await store.claim(claim, NOW_MS);
    await store.release(claim);
    await store.release(claim);
    expect((await store.claim({ ...claim, owner: 'second' }, NOW_MS)).outcome).toBe('claimed');
  });
});

describe('the table', () => {
  test('takes a write that the SDK sent twice for one', async () => {
    const store = createClaimStore(table);
    const claim = claimOf();
    const next = { ...claim, owner: 'second' };
    expect(await store.claim(claim, NOW_MS)).toEqual({ outcome: 'claimed' });
    expect(await store.claim(claim, NOW_MS)).toEqual({ outcome: 'claimed' });
    expect(await store.takeOver(claim, next)).toBe(true);
    expect(await store.takeOver(claim, next)).toBe(true);
  });

  test('that cannot be reached is told as such', async () => {
    const nowhere = openTableAt('http://127.0.0.1:1');
    await expect(createClaimStore(nowhere).claim(claimOf(), NOW_MS)).rejects.toMatchObject({
      name: 'ClaimStoreError',
    });
    nowhere.client.destroy();
  });
});
