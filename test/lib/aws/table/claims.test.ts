import { createServer } from 'node:http';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createClaimStore } from '../../../../lib/aws/table/claims.ts';
import type { Claim, ClaimStore } from '../../../../lib/idempotency/claims.ts';
import { onLoopback } from '../../../support/loopback.ts';
import { openTableAt, tableOfFile } from '../../../support/table.ts';
import { createMemoryClaims } from '../../../support/trigger/claims.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const table = await tableOfFile();

type Fate = 'pass' | 'throttle' | 'lose the answer';

/** Stands before the table; `fateOf` says what becomes of the nth call since the start or `restart`. */
async function startProxy(fateOf: (nth: number) => Fate) {
  const seen: string[] = [];
  let calls = 0;
  const server = createServer(async (request, response) => {
    const target = String(request.headers['x-amz-target']);
    seen.push(target.split('.')[1] ?? '');
    const fate = fateOf(++calls);
    const body = Buffer.concat(await request.toArray());
    if (fate === 'throttle') {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      const type = 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException';
      response.end(JSON.stringify({ __type: type, message: 'slow down' }));
      return;
    }
    const headers = new Headers();
    for (const name of ['x-amz-target', 'x-amz-date', 'authorization', 'content-type'])
      headers.set(name, String(request.headers[name]));
    const answer = await fetch(table.url, { method: 'POST', headers, body });
    const text = await answer.text();
    if (fate === 'lose the answer') request.socket.destroy();
    else response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(text);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { url } = await onLoopback(server);
  return {
    url,
    seen: () => seen,
    restart: () => {
      calls = 0;
    },
  };
}

let ids = 0;
function claimOf(changes: Partial<Claim> = {}): Claim {
  return {
    id: `id-${++ids}`,
    fingerprint: 'fingerprint',
    firstAttemptValue: 'firstAttemptValue',
    owner: 'first',
    leaseUntilMs: NOW_MS + 30_000,
    sendInterval: { fromMs: NOW_MS, untilMs: NOW_MS + 5_000 },
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
  test('takes a write whose first answer was lost, and which the SDK sent again, for one', async () => {
    const proxy = await startProxy((nth) => (nth === 1 ? 'lose the answer' : 'pass'));
    const store = createClaimStore(openTableAt(proxy.url));
    const claim = claimOf();
    expect(await store.claim(claim, NOW_MS)).toEqual({ outcome: 'claimed' });
    expect(proxy.seen()).toEqual(['PutItem', 'PutItem', 'GetItem']);
    const next = { ...claim, owner: 'second' };
    proxy.restart();
    expect(await store.takeOver(claim, next)).toBe(true);
    proxy.restart();
    expect(await store.update({ ...next, answer: 'done' })).toBe(true);
    proxy.restart();
    await store.release(next);
    expect((await store.claim(claim, NOW_MS)).outcome).toBe('claimed');
  });

  test('is asked again when it throttles once, and told as such when it goes on', async () => {
    const once = await startProxy((nth) => (nth === 1 ? 'throttle' : 'pass'));
    expect((await createClaimStore(openTableAt(once.url)).claim(claimOf(), NOW_MS)).outcome).toBe('claimed');
    const always = await startProxy(() => 'throttle');
    const claiming = createClaimStore(openTableAt(always.url)).claim(claimOf(), NOW_MS);
    await expect(claiming).rejects.toMatchObject({ name: 'ClaimStoreError' });
    expect(always.seen()).toEqual(['PutItem', 'PutItem', 'PutItem']);
  });

  test('with a claim in it that nobody here wrote is told as such', async () => {
    const claim = claimOf();
    const item = { pk: { S: `claim#${claim.id}` }, sk: { S: 'claim' }, owner: { S: 'stranger' } };
    await table.client.send(
      new PutItemCommand({ TableName: table.name, Item: { ...item, expiresAt: { N: '9999999999' } } }),
    );
    await expect(createClaimStore(table).claim(claim, NOW_MS)).rejects.toMatchObject({
      name: 'ClaimStoreError',
    });
  });

  test('that cannot be reached is told as such', async () => {
    const nowhere = openTableAt('http://127.0.0.1:1');
    await expect(createClaimStore(nowhere).claim(claimOf(), NOW_MS)).rejects.toMatchObject({
      name: 'ClaimStoreError',
    });
    nowhere.client.destroy();
  });
});
