/** What the SDK's clients need to speak to a stand-in, and no more: one try each, so that a test counts right. */
export function clientOf(endpoint: string) {
  return {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  };
}
