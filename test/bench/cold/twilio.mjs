import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import twilio from 'twilio';
import { httpClientTo } from '../client/twilio-http.mjs';

/** The same job on Twilio's Node SDK, as its users write it: no checks, no claim. */
const secrets = new SecretsManagerClient({ region: process.env.AWS_REGION });
const secret = secrets.send(new GetSecretValueCommand({ SecretId: process.env.STUDIO_SECRET_ID }));

export const handler = async (event) => {
  const { accountSid, apiKeySid, apiKeySecret } = JSON.parse((await secret).SecretString);
  const client = twilio(apiKeySid, apiKeySecret, {
    accountSid,
    httpClient: httpClientTo(process.env.STUDIO_BASE_URL),
  });
  const { flows } = JSON.parse(process.env.STUDIO_CONFIG);
  const { to } = JSON.parse(event.body);
  const executions = client.studio.v2.flows(flows[0].sid).executions;
  const execution = await executions.create({ to, from: flows[0].from });
  return { statusCode: 201, body: JSON.stringify({ sid: execution.sid }) };
};
