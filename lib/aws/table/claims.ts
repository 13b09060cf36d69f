import * as v from 'valibot';
import { type Claim, type ClaimStore, ClaimStoreError } from '../../idempotency/claims.ts';
import { partitionOf } from './partitions.ts';
import { deleteItem, getItem, type Item, putItem, type Table } from './table.ts';

const SORT_KEY = 'claim';
const SECOND_MS = 1_000;

/** How often a claim is tried again when the one that stood in its way is gone by the time it is read. */
const CLAIM_TRIES = 3;

const text = v.object({ S: v.string() });
const number = v.object({ N: v.pipe(v.string(), v.transform(Number), v.finite()) });

const itemSchema = v.object({
  fingerprint: text,
  memo: text,
  owner: text,
  leaseUntilMs: number,
  sendFromMs: number,
  sendUntilMs: number,
  answer: v.optional(text),
  expiresAt: number,
});

/** Claims in the table, each in a partition of its own. */
export function createClaimStore(table: Table): ClaimStore {
  /** false when the condition does not hold. */
  const put = (claim: Claim, condition: string, values: Item): Promise<boolean> =>
    putItem(table, toItem(claim), condition, values).catch((error: unknown) => {
      throw storeError('written', error);
    });

  async function read(id: string): Promise<Claim | undefined> {
    const item = await getItem(table, keyOf(id)).catch((error: unknown) => {
      throw storeError('read', error);
    });
    return item && fromItem(id, item);
  }

  return {
    async claim(claim, nowMs) {
      for (let tried = 1; ; tried++) {
        // An expired claim counts as absent, because DynamoDB deletes expired items hours late.
        const free = 'attribute_not_exists(pk) OR expiresAt <= :now';
        if (await put(claim, free, { ':now': { N: String(Math.floor(nowMs / SECOND_MS)) } }))
          return { outcome: 'claimed' };
        const standing = await read(claim.id);
        // After a lost response, the SDK repeats the write and meets its own first try.
        if (standing?.owner === claim.owner) return { outcome: 'claimed' };
        if (standing) return { outcome: 'exists', claim: standing };
        if (tried === CLAIM_TRIES) throw new ClaimStoreError('A claim came and went while it was asked for');
      }
    },

    async takeOver(seen, next) {
      const unchanged = '#owner = :owner AND leaseUntilMs = :lease AND attribute_not_exists(answer)';
      const values = { ':owner': { S: seen.owner }, ':lease': { N: String(seen.leaseUntilMs) } };
      return (await put(next, unchanged, values)) || (await read(next.id))?.owner === next.owner;
    },

    update: (next) => put(next, '#owner = :owner', { ':owner': { S: next.owner } }),

    async release({ id, owner }) {
      const values = { ':owner': { S: owner } };
      await deleteItem(table, keyOf(id), '#owner = :owner', values).catch((error: unknown) => {
        throw storeError('removed', error);
      });
    },
  };
}

function keyOf(id: string): Item {
  return { pk: { S: partitionOf.claim(id) }, sk: { S: SORT_KEY } };
}

function toItem(claim: Claim): Item {
  return {
    ...keyOf(claim.id),
    fingerprint: { S: claim.fingerprint },
    memo: { S: claim.firstAttemptValue },
    owner: { S: claim.owner },
    leaseUntilMs: { N: String(claim.leaseUntilMs) },
    sendFromMs: { N: String(claim.sendInterval.fromMs) },
    sendUntilMs: { N: String(claim.sendInterval.untilMs) },
    ...(claim.answer === null ? {} : { answer: { S: claim.answer } }),
    expiresAt: { N: String(Math.ceil(claim.expiresAtMs / SECOND_MS)) },
  };
}

function fromItem(id: string, item: Item): Claim {
  const result = v.safeParse(itemSchema, item);
  if (!result.success) throw new ClaimStoreError('A claim in the table is not one that this version wrote');
  const { fingerprint, memo, owner, leaseUntilMs, sendFromMs, sendUntilMs, answer, expiresAt } =
    result.output;
  return {
    id,
    fingerprint: fingerprint.S,
    firstAttemptValue: memo.S,
    owner: owner.S,
    leaseUntilMs: leaseUntilMs.N,
    sendInterval: { fromMs: sendFromMs.N, untilMs: sendUntilMs.N },
    answer: answer?.S ?? null,
    expiresAtMs: expiresAt.N * SECOND_MS,
  };
}

function storeError(what: string, cause: unknown): ClaimStoreError {
  return new ClaimStoreError(`A claim could not be ${what}`, { cause });
}
