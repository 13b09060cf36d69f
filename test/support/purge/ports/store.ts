import * as v from 'valibot';
import { type Batch, batch as batchSchema } from '../../../../lib/purge/batch/batch.ts';
import { type PurgeStore, type StoredPurge, SupersededError } from '../../../../lib/purge/engine/ports.ts';
import { purgeRecord } from '../../../../lib/purge/record/record.ts';

type Kept = { json: string; version: number; stopRequested: boolean };
/** DynamoDB takes no larger item. */
const MAX_ITEM_BYTES = 400 * 1_024;

/** A store of purges that keeps text, as the table does, under the table's conditions and limits. */
export function createMemoryPurges(): PurgeStore & { writes: number; openBatches(): Batch[] } {
  const records = new Map<string, Kept>();
  const batches = new Map<string, Map<number, string>>();
  const read = (id: string): StoredPurge | undefined => {
    const kept = records.get(id);
    if (!kept) return undefined;
    const record = v.parse(purgeRecord, JSON.parse(kept.json));
    return { record, version: kept.version, stopRequested: kept.stopRequested };
  };
  const textOf = (value: unknown) => {
    const json = JSON.stringify(value);
    if (json.length > MAX_ITEM_BYTES) throw new Error(`An item of ${json.length} bytes is too large`);
    store.writes += 1;
    return json;
  };
  const batchesOf = (purge: string) => {
    const known = batches.get(purge) ?? new Map<number, string>();
    batches.set(purge, known);
    return known;
  };
  const parsed = (json: string) => v.parse(batchSchema, JSON.parse(json));
  const sorted = (purge: string) =>
    [...batchesOf(purge)].sort(([a], [b]) => a - b).map(([, json]) => parsed(json));
  let owners = 0;
  const newOwner = () => String(++owners);

  const store = {
    writes: 0,
    openBatches: () => [...batches.keys()].flatMap(sorted),
    async create(record) {
      if (records.has(record.id)) return 'exists';
      records.set(record.id, { json: textOf(record), version: 1, stopRequested: false });
      return 'created';
    },
    async read(id) {
      return read(id);
    },
    async save(record, version) {
      const kept = records.get(record.id);
      if (kept?.version !== version) throw new SupersededError('somebody else');
      records.set(record.id, { ...kept, json: textOf(record), version: version + 1 });
      return { version: version + 1, stopRequested: kept.stopRequested };
    },
    async requestStop(id) {
      const kept = records.get(id);
      if (kept) kept.stopRequested = true;
      return read(id);
    },
    async list(limit, before) {
      const ids = [...records.keys()]
        .filter((id) => before === null || id < before)
        .sort()
        .reverse();
      const page = ids.slice(0, limit);
      const purges = page.map((id) => read(id)?.record).filter((record) => record !== undefined);
      return { purges, next: ids.length > limit ? (page.at(-1) ?? null) : null };
    },
    async openBatch(purge, batch) {
      if (batchesOf(purge).has(batch.seq)) throw new SupersededError('somebody else');
      const held = { ...batch, owner: newOwner() };
      batchesOf(purge).set(batch.seq, textOf(held));
      return held;
    },
    async takeBatch(purge, seq) {
      const standing = batchesOf(purge).get(seq);
      if (standing === undefined) throw new SupersededError('somebody else');
      const held = { ...parsed(standing), owner: newOwner() };
      batchesOf(purge).set(seq, textOf(held));
      return held;
    },
    async saveBatch(purge, batch) {
      const standing = JSON.parse(batchesOf(purge).get(batch.seq) ?? '{}');
      if (standing.owner !== batch.owner) throw new SupersededError('somebody else');
      batchesOf(purge).set(batch.seq, textOf(batch));
    },
    async dropBatch(purge, seq) {
      batchesOf(purge).delete(seq);
    },
    async *batches(purge) {
      yield* sorted(purge);
    },
  } satisfies PurgeStore & { writes: number; openBatches(): Batch[] };
  return store;
}
