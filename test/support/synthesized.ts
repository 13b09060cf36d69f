import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotations, App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { tableUse } from '../../infra/constructs/api/table-use.ts';
import type { SettingsInput } from '../../infra/constructs/deployment-settings.ts';
import { StudioExecutionsStack } from '../../infra/stack.ts';
import type { ConfigInput } from '../../lib/config/configuration.ts';

export const sampleConfig = {
  flows: [{ alias: 'welcome', sid: `FW${'a'.repeat(32)}`, from: '+12025550100' }],
  policies: [{ name: 'weekly', olderThan: 'P7D' }],
} satisfies ConfigInput;

export type Synthesized = { template: Template; stack: StudioExecutionsStack };

const made = new Map<string, Synthesized>();

/**
 * The template as `cdk synth` would write it, with the context of `cdk.json`, over empty bundles: what the
 * functions do is tested elsewhere. The same input is synthesized once: look at it, and change nothing.
 */
export function synthesize(settings: SettingsInput = {}, config: ConfigInput = sampleConfig): Synthesized {
  const input = JSON.stringify([settings, config]);
  const known = made.get(input);
  if (known) return known;
  const synthesized = inApp((app, bundlesDirectory) => {
    const stack = new StudioExecutionsStack(app, 'Test', { config, settings, bundlesDirectory });
    // What is warned of is looked at where it is tested; here it would only be printed.
    Annotations.of(stack).acknowledgeWarning('studio-executions:schedule-unwatched');
    return { template: Template.fromStack(stack), stack };
  });
  made.set(input, synthesized);
  return synthesized;
}

/** Works in an app whose bundles and output are gone afterwards. */
export function inApp<T>(work: (app: App, bundlesDirectory: string, outdir: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'synthesized-'));
  try {
    for (const name of Object.keys(tableUse)) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'index.mjs'), `export const handler = () => '${name}';`);
    }
    const { context } = JSON.parse(readFileSync(new URL('../../infra/cdk.json', import.meta.url), 'utf8'));
    const outdir = join(folder, 'out');
    return work(new App({ context, analyticsReporting: false, outdir }), folder, outdir);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
