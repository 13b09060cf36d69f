import { setTimeout as sleep } from 'node:timers/promises';
import { SIMULATED_ACCOUNT } from '../../../infra/local/caller-tokens.ts';
import { startLocal } from '../../../infra/local/local.ts';
import { checkConfig } from '../../../lib/config/configuration.ts';
import { FLOW_SID, report } from '../support/harness.ts';

/**
 * A purge as it is deployed: POST /purges starts the durable worker from its built bundle; Studio and the AWS
 * services are in processes of their own.
 */
const [studioUrl = ''] = process.argv.slice(2);
const POLL_MS = 100;
const env = process.env;
const headers = { authorization: 'Bearer local-admin', 'content-type': 'application/json' };
const local = await startLocal({
  config: checkConfig({ flows: [{ alias: 'bench', sid: FLOW_SID }] }),
  studio: { account: SIMULATED_ACCOUNT, baseUrl: studioUrl },
  endpoints: {
    SECRETS_MANAGER: env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ?? '',
    DYNAMODB: env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
    S3: env['AWS_ENDPOINT_URL_S3'] ?? '',
  },
});

type Purge = { id: string; status: string; counts: Record<string, number>; error: string | null };
async function call(method: string, path: string, body?: unknown): Promise<Purge> {
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await fetch(local.url + path, init);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json() as Promise<Purge>;
}

await report(async () => {
  const { id } = await call('POST', '/purges', {
    flows: ['bench'],
    dateCreatedTo: new Date().toISOString(),
    dryRun: false,
  });
  for (;;) {
    const { status, counts, error } = await call('GET', `/purges/${id}`);
    if (status === 'running') await sleep(POLL_MS);
    else if (status === 'succeeded') return { deleted: counts['deleted'] ?? 0 };
    else throw new Error(`the purge ${status}: ${error}`);
  }
});
await local.close();
process.exit();
