import { createStudio } from '../../../lib/studio/client.ts';
import { createLimiter } from '../../../lib/studio/limiter/limiter.ts';
import { CREDENTIALS, FLOW_SID, report } from '../support/harness.ts';

/** The contestant of this project. */
const [job, url, count] = process.argv.slice(2);
const studio = createStudio({ ...CREDENTIALS, baseUrl: url ?? '' });

async function list(): Promise<Record<string, number>> {
  let listed = 0;
  for await (const _ of studio.executions.list(FLOW_SID, { pageSize: 1_000 })) listed++;
  return { listed };
}

/** Deletes without knowing the limit. Bounded: one page is begun while the one before it is finished. */
async function remove(): Promise<Record<string, number>> {
  const limiter = createLimiter();
  let deleted = 0;
  let before: Promise<unknown> = Promise.resolve();
  const query = { pageSize: 1_000, limit: Number(count) };
  for await (const { items } of studio.executions
    .list(FLOW_SID, query, { readAhead: true, limiter })
    .pages()) {
    const page = items.map(({ sid }) =>
      limiter.run(async () => {
        const { outcome } = await studio.executions.delete(FLOW_SID, sid, { limiter });
        if (outcome === 'deleted') deleted++;
      }),
    );
    await before;
    before = Promise.all(page);
  }
  await before;
  return { deleted };
}

await report(async () => {
  if (job === 'list') return list();
  if (job === 'delete') return remove();
  throw new Error(`unknown job ${job}`);
});
await studio.close();
