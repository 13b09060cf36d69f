import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bundlesDirectory } from '../../infra/build.ts';

/** What each bundle may weigh, minified, in kilobytes: loading it is most of a cold start. */
const BUDGET_KB: Record<string, number> = {
  trigger: 300,
  query: 320,
  end: 270,
  delete: 270,
  purge: 400,
  // Four AWS clients and the durable SDK. No caller waits for its cold start.
  cleanup: 730,
};
/** The budget of the file beside each bundle. */
const UNDICI_KB = 170;

/** Functions whose cold start a caller waits for. */
const FRONT = ['trigger', 'query', 'end', 'delete', 'purge'];

/** Builtins that cost milliseconds to load and that one careless import brings in. */
const SLOW_TO_LOAD = [
  'http2',
  'internal/deps/undici/undici',
  'internal/webstreams/readablestream',
  'worker_threads',
  'zlib',
];

/** What Lambda and the stack put into a function's environment; nothing listens at these addresses. */
const environment = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'not-a-key',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  STUDIO_SECRET_ID: 'studio-executions',
  STUDIO_CONFIG: JSON.stringify({ flows: [{ alias: 'welcome', sid: `FW${'0'.repeat(32)}` }] }),
  STUDIO_TABLE: 'studio-executions',
  STUDIO_ARCHIVE_BUCKET: 'studio-executions-archive',
  STUDIO_CLEANUP_FUNCTION: 'arn:aws:lambda:us-east-1:123456789012:function:cleanup:live',
  STUDIO_BASE_URL: 'http://127.0.0.1:9',
};

const bundleOf = (name: string) => join(bundlesDirectory, name, 'index.mjs');

/** Loads the bundle as Lambda does, in a process that knows nothing else, and tells what `handler` is. */
const load = (name: string, env: Record<string, string>) => afterLoading(name, env, 'typeof handler');

const importOf = (name: string) => `await import(${JSON.stringify(pathToFileURL(bundleOf(name)).href)})`;

async function afterLoading(name: string, env: Record<string, string>, tell: string): Promise<string> {
  const script = `const { handler } = ${importOf(name)}; console.log(${tell}); process.exit();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env,
    timeout: 15_000,
  });
  return stdout.trim();
}

describe('the built bundles', () => {
  it('are those that have a budget', () => {
    expect(readdirSync(bundlesDirectory).sort()).toEqual(Object.keys(BUDGET_KB).sort());
  });

  it.each(Object.entries(BUDGET_KB))('%s stays below %d KB', (name, kilobytes) => {
    expect(statSync(bundleOf(name)).size).toBeLessThan(kilobytes * 1_000);
    expect(statSync(join(bundlesDirectory, name, 'undici.mjs')).size).toBeLessThan(UNDICI_KB * 1_000);
  });

  it.each(Object.keys(BUDGET_KB))('%s loads in a fresh process and exports its handler', async (name) => {
    expect(await load(name, environment)).toBe('function');
  });

  it.each(FRONT)('%s loads nothing of Node that it never uses', async (name) => {
    const loaded = await afterLoading(name, environment, 'process.moduleLoadList.join()');
    expect(SLOW_TO_LOAD.filter((module) => loaded.split(',').includes(`NativeModule ${module}`))).toEqual([]);
  });

  it('ask for the secret whatever is said to the SDK that would reach what was left out of it', async () => {
    const asked = Promise.withResolvers<string>();
    const server = createServer((request, response) => {
      asked.resolve(String(request.headers['x-amz-target']));
      response.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const stop = new AbortController();
    try {
      const variables = {
        AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
        AWS_RETRY_MODE: 'adaptive',
        AWS_DEFAULTS_MODE: 'auto',
        AWS_ENABLE_ENDPOINT_DISCOVERY: 'true',
      };
      // Stays until it has asked, since nothing promises that it does before it is loaded.
      const script = `${importOf('trigger')}; setInterval(() => undefined, 1_000);`;
      const options = { env: { ...environment, ...variables }, signal: stop.signal };
      execFile(process.execPath, ['--input-type=module', '-e', script], options, (error) => {
        if (error?.name !== 'AbortError') asked.reject(error);
      });
      expect(await asked.promise).toBe('secretsmanager.GetSecretValue');
    } finally {
      stop.abort();
      server.closeAllConnections();
      server.close();
    }
  });

  it('name every mistake of their configuration when they are loaded with one that has three', async () => {
    const wrong = {
      flows: [{ alias: 'welcome', sid: 'FW0', colour: 'red' }],
      policies: [{ name: 'p', olderThan: '7' }],
    };
    const loading = load('trigger', { ...environment, STUDIO_CONFIG: JSON.stringify(wrong) });
    await expect(loading).rejects.toThrow(/flows\/0\/sid .*flows\/0\/colour .*policies\/0\/olderThan /s);
  });
});
