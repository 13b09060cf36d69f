import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bundlesDirectory } from '../../../infra/build.ts';
import { tableUse } from '../../../infra/constructs/api/table-use.ts';
import { functionSpecs } from '../../../infra/local/host/function-specs.ts';
import { sampleConfig, synthesize } from '../../support/synthesized.ts';

/** Of Lambda's own; nothing listens at the address. */
const LAMBDAS = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'not-a-key',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
};

function propertiesOf(name: string) {
  const { template } = synthesize(
    { iam: { routes: 'all', scopes: ['read'] } },
    { ...sampleConfig, publicUrl: 'https://api.example.com' },
  );
  const functions = Object.entries(template.findResources('AWS::Lambda::Function'));
  const [, found] = functions.find(([id]) => id.toLowerCase().includes(`${name}function`)) ?? [];
  return found?.['Properties'];
}

/** Returns a function's variables; those that are known only once it is deployed have a placeholder. */
function environmentOf(name: string): Record<string, string> {
  const variables: Record<string, unknown> = propertiesOf(name).Environment.Variables;
  return Object.fromEntries(
    Object.entries(variables).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : 'known-once-deployed',
    ]),
  );
}

describe('the environment that the template gives', () => {
  it.each(Object.keys(tableUse))('%s is all that its bundle asks for', async (name) => {
    const bundle = pathToFileURL(join(bundlesDirectory, name, 'index.mjs')).href;
    const script = `console.log(typeof (await import('${bundle}')).handler); process.exit();`;
    const env = { ...environmentOf(name), ...LAMBDAS };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env,
    });
    expect(stdout.trim()).toBe('function');
  });
});

const local = functionSpecs({
  bundlesDirectory,
  resources: { secretId: '', config: '', table: '', archiveBucket: '', cleanupFunction: '' },
  shared: () => ({}),
});

it.each(local)('the local run gives $name the time and memory of the template', (spec) => {
  const { MemorySize, Timeout, DurableConfig } = propertiesOf(spec.name);
  expect([spec.memoryMb, spec.timeoutMs]).toEqual([MemorySize, Timeout * 1_000]);
  expect(spec.durable?.executionTimeoutMs).toBe(DurableConfig && DurableConfig.ExecutionTimeout * 1_000);
});
