import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { awsClientOptions } from '../../../lib/aws/clients.ts';

describe('what every AWS client is made with', () => {
  it.each([
    ['AWS_USE_FIPS_ENDPOINT', 'useFipsEndpoint'],
    ['AWS_USE_DUALSTACK_ENDPOINT', 'useDualstackEndpoint'],
  ] as const)('%s of the function’s environment is honoured', async (variable, setting) => {
    const told = new SecretsManagerClient(awsClientOptions({ [variable]: 'true' }, 'us-east-1'));
    const untold = new SecretsManagerClient(awsClientOptions({}, 'us-east-1'));
    expect([await told.config[setting](), await untold.config[setting]()]).toEqual([true, false]);
  });

  it('tries three times in all, with the pauses of the standard mode', async () => {
    const { config } = new SecretsManagerClient(awsClientOptions({}, 'us-east-1'));
    const retryMode = typeof config.retryMode === 'string' ? config.retryMode : await config.retryMode();
    expect([await config.maxAttempts(), retryMode]).toEqual([3, 'standard']);
  });
});
