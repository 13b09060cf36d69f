import { expect, test } from 'vitest';
import { readSecret } from '../../../../lib/config/secret.ts';
import { apiOver } from '../../../support/http/api.ts';
import { fullSecret, hostileConfig, hostileRequests } from '../../../support/http/hostile.ts';

/** API.md, Callers: an unauthenticated request costs at most this much of a processor. */
const MAX_CPU_MS = 100;
/** The least of so many is what it costs; the rest is the machine's other work. */
const TRIES = 3;

/** The secret is another one after the refresh, so that everything is looked at twice. */
const secrets = {
  callers: [readSecret(fullSecret('callers', 'old')), readSecret(fullSecret('callers', 'new'))],
  webhooks: [readSecret(fullSecret('webhooks', 'old')), readSecret(fullSecret('webhooks', 'new'))],
} as const;

test.each(hostileRequests)(
  '$name: refused within the bound',
  async ({ event, secret }) => {
    const [old, newer] = secrets[secret];
    if (!old || !newer) throw new Error('there are two secrets');
    const { handler } = apiOver(
      { 'POST /flows/{flow}/executions': () => Promise.reject(new Error('it got in')) },
      { config: hostileConfig, secret: { get: async () => old, refresh: async () => newer } },
    );
    const costsMs: number[] = [];
    for (let tried = 0; tried < TRIES; tried++) {
      const before = process.threadCpuUsage();
      const { statusCode } = await handler(event as Parameters<typeof handler>[0], {
        awsRequestId: 'lambda-1',
        getRemainingTimeInMillis: () => 29_000,
      });
      const { user, system } = process.threadCpuUsage(before);
      costsMs.push((user + system) / 1_000);
      expect(statusCode).toBe(401);
    }
    expect(Math.min(...costsMs)).toBeLessThan(MAX_CPU_MS);
  },
  120_000,
);
