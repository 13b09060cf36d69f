import { upstreamOf } from '../../../lib/purge/batch/upstream.ts';
import { createStudio } from '../../../lib/studio/client.ts';
import { createLimiter } from '../../../lib/studio/limiter/limiter.ts';
import { ACCOUNT, createWorldOf } from './world.ts';

/** Archives and deletes all that the Studio at this address has, in a process whose memory is looked at afterwards. */
export type Archived = {
  status: string;
  deleted: number;
  archived: number;
  objects: number[];
  peakBytes: number;
};

const [url = ''] = process.argv.slice(2);
const client = createStudio({
  accountSid: ACCOUNT,
  username: `SK${'a'.repeat(32)}`,
  password: 'local',
  baseUrl: url,
});
const limiter = createLimiter();
const objects: number[] = [];
const world = createWorldOf(upstreamOf(client, { limiter }), undefined, {
  limiter: limiter,
  archive: { put: async (_key, body) => void objects.push(body.length) },
});
const { status, counts } = await world.purge({ olderThan: 'P7D', archive: true });
await client.close();
const peakBytes = process.resourceUsage().maxRSS * 1024;
const { deleted, archived } = counts;
process.send?.({ status, deleted, archived, objects, peakBytes } satisfies Archived, () => process.exit());
