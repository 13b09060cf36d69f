import { request } from 'node:https';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** The least code that does the job: the secret, then one create, no checks, no claim, no retry. */
const secrets = new SecretsManagerClient({ region: process.env.AWS_REGION });
const secret = secrets.send(new GetSecretValueCommand({ SecretId: process.env.STUDIO_SECRET_ID }));

export const handler = async (event) => {
  const { apiKeySid, apiKeySecret } = JSON.parse((await secret).SecretString);
  const { flows } = JSON.parse(process.env.STUDIO_CONFIG);
  const { to } = JSON.parse(event.body);
  const body = new URLSearchParams({ To: to, From: flows[0].from }).toString();
  const url = `${process.env.STUDIO_BASE_URL}/v2/Flows/${flows[0].sid}/Executions`;
  const execution = await new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    request(url, { method: 'POST', auth: `${apiKeySid}:${apiKeySecret}`, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text)));
    })
      .on('error', reject)
      .end(body);
  });
  return { statusCode: 201, body: JSON.stringify({ sid: execution.sid }) };
};
