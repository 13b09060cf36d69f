import { startTable } from '../../../infra/local/aws/dynamodb.ts';
import { startS3 } from '../../../infra/local/aws/s3.ts';
import { startSecrets } from '../../../infra/local/aws/secrets-manager.ts';
import { localSecret, SIMULATED_ACCOUNT } from '../../../infra/local/caller-tokens.ts';
import { realClock } from '../../../infra/local/clock.ts';

/** Secrets Manager, DynamoDB and S3 as a process of their own: tells the variables that lead to them. */
const NAME = 'studio-executions';
const BUCKET = 'studio-archive';
const secrets = await startSecrets({ secrets: { [NAME]: localSecret(SIMULATED_ACCOUNT) }, clock: realClock });
const table = await startTable(NAME);
const s3 = await startS3({ buckets: [BUCKET], clock: realClock });
process.send?.({
  AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
  AWS_ENDPOINT_URL_DYNAMODB: table.url,
  AWS_ENDPOINT_URL_S3: s3.url,
  STUDIO_SECRET_ID: NAME,
  STUDIO_TABLE: NAME,
});
// Its parent is gone and can no longer stop it.
process.once('disconnect', () => process.exit());
