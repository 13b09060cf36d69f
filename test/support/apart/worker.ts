import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing';
import { endpointVariables } from '../../../infra/local/endpoints.ts';
import type { ConfigInput } from '../../../lib/config/configuration.ts';
import { startApart } from './stand-ins.ts';

export const AWS = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'eu-central-1' };

const QUIET_MS = 50;

/** The worker's own module in the environment that Lambda would give it, under AWS's runner for durable functions. */
export async function startWorker(config: ConfigInput, lambdaUrl: string) {
  const apart = await startApart(config, lambdaUrl);
  const { endpoints, resources, studioUrl } = apart;
  const environmentBefore = { ...process.env };
  Object.assign(process.env, AWS, endpointVariables(endpoints), {
    STUDIO_SECRET_ID: resources.secretId,
    STUDIO_CONFIG: JSON.stringify(config),
    STUDIO_TABLE: resources.table,
    STUDIO_ARCHIVE_BUCKET: resources.archiveBucket,
    STUDIO_CLEANUP_FUNCTION: resources.cleanupFunction,
    STUDIO_BASE_URL: studioUrl,
  });
  const { handler } = await import('../../../functions/cleanup.ts');
  await LocalDurableTestRunner.setupTestEnvironment({ skipTime: true });
  return {
    ...apart,
    handler,
    async close() {
      await apart.close();
      // What the fake clock still holds is lost when it is taken away: it comes last, when all is quiet.
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      await LocalDurableTestRunner.teardownTestEnvironment();
      for (const name of Object.keys(process.env)) if (!(name in environmentBefore)) delete process.env[name];
      Object.assign(process.env, environmentBefore);
    },
  };
}
