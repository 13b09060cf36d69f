import { readSecret } from '../../lib/config/secret.ts';
import { serve } from '../../lib/http/serve.ts';
import { fullSecret, hostileConfig, hostileRequests, NOW } from '../support/http/hostile.ts';
import { print, type Row } from './support/harness.ts';

/** What a caller without credentials can cost: the most CPU time of one request of each kind, warm. */

const REQUESTS = 20;
const BASELINE = 'a wrong token';
const CONTEXT = { awsRequestId: 'lambda-1', getRemainingTimeInMillis: () => 29_000 };

export async function run(argv: string[]): Promise<void> {
  const worstOf = new Map<string, number>();
  for (const { name, secret, event } of hostileRequests) {
    const old = readSecret(fullSecret(secret, 'old'));
    const newer = readSecret(fullSecret(secret, 'new'));
    const handler = serve(
      {
        config: hostileConfig,
        // A rotated secret: everything is looked at twice.
        secret: { get: async () => old, refresh: async () => newer },
        environment: { iamScopes: null },
        now: () => NOW,
        log: () => undefined,
      },
      { 'POST /flows/{flow}/executions': async () => ({ status: 201 }) },
    );
    const costsMs: number[] = [];
    for (let sent = 0; sent <= REQUESTS; sent++) {
      const before = process.cpuUsage();
      const { statusCode } = await handler(event as Parameters<typeof handler>[0], CONTEXT);
      const { user, system } = process.cpuUsage(before);
      if (statusCode !== 401) throw new Error(`${name}: ${statusCode}`);
      costsMs.push((user + system) / 1_000);
    }
    // The first one also compiles the code.
    worstOf.set(name, Math.max(...costsMs.slice(1)));
  }
  const baselineMs = worstOf.get(BASELINE) ?? Number.NaN;
  const rows: Row[] = [...worstOf].map(([name, worstMs]) => ({
    request: name,
    'worst CPU ms': worstMs,
    'of a wrong token': worstMs / baselineMs,
  }));
  print('Unauthenticated requests of 256 KB (at most 100 ms)', rows, argv);
}
