import { Pool } from 'undici';
import { createStudio } from '../../../lib/studio/client.ts';
import { CREDENTIALS, FLOW_SID, report } from '../support/harness.ts';

/**
 * What this machine can reach at all: undici's pool alone, told the limit and the SIDs beforehand, which it
 * deletes without looking at what comes back.
 */
const [url = '', maxInFlight = ''] = process.argv.slice(2);
const studio = createStudio({ ...CREDENTIALS, baseUrl: url });
const sids: string[] = [];
for await (const { sid } of studio.executions.list(FLOW_SID, { pageSize: 1_000 })) sids.push(sid);
await studio.close();

const pool = new Pool(url, { connections: Number(maxInFlight) });
const { username, password } = CREDENTIALS;
const headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };

async function work(): Promise<void> {
  for (let sid = sids.pop(); sid !== undefined; sid = sids.pop()) {
    const path = `/v2/Flows/${FLOW_SID}/Executions/${sid}`;
    const { body } = await pool.request({ method: 'DELETE', path, headers });
    await body.dump();
  }
}

await report(async () => {
  await Promise.all(Array.from({ length: Number(maxInFlight) }, work));
  return {};
});
await pool.close();
