import { startSecrets } from '../../infra/local/aws/secrets.ts';
import { startTable } from '../../infra/local/aws/table.ts';
import { localSecret, SIMULATED_ACCOUNT } from '../../infra/local/caller-tokens.ts';
import { realClock } from '../../infra/local/clock.ts';

/** Secrets Manager and DynamoDB as a process of their own: tells the variables that lead to them. */
const NAME = 'studio-executions';
const secrets = await startSecrets({ secrets: { [NAME]: localSecret(SIMULATED_ACCOUNT) }, clock: realClock });
const table = await startTable(NAME);
process.send?.({
  AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
  AWS_ENDPOINT_URL_DYNAMODB: table.url,
  STUDIO_SECRET_ID: NAME,
  STUDIO_TABLE: NAME,
});
// Whoever forked it is gone: then nobody stops it.
process.once('disconnect', () => process.exit());
