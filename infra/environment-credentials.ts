/**
 * Stands in for the AWS SDK's chain of credential providers in the bundles: a Lambda function's credentials
 * are in its environment, always, and the chain would be a third of the SDK's size.
 */
export const defaultProvider = () => async () => ({
  accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? '',
  secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? '',
  ...(process.env['AWS_SESSION_TOKEN'] ? { sessionToken: process.env['AWS_SESSION_TOKEN'] } : {}),
});
