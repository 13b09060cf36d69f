import { createStudio } from '../../../lib/studio/client.ts';
import { CREDENTIALS, FLOW_SID, report } from '../harness.ts';

/** The contestant of this project. */
const [job, url] = process.argv.slice(2);
const studio = createStudio({ ...CREDENTIALS, baseUrl: url ?? '' });

async function list(): Promise<Record<string, number>> {
  let listed = 0;
  for await (const _ of studio.executions.list(FLOW_SID, { pageSize: 1_000 })) listed++;
  return { listed };
}

await report(async () => {
  if (job === 'list') return list();
  throw new Error(`unknown job ${job}`);
});
await studio.close();
