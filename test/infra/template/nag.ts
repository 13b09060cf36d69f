import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Stage, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import type { SettingsInput } from '../../../infra/constructs/deployment-settings.ts';
import { StudioExecutions } from '../../../infra/constructs/studio-executions.ts';
import { StudioExecutionsStack } from '../../../infra/stack.ts';
import { inApp, sampleConfig } from '../../support/synthesized.ts';

type Report = { pluginReports: { violations: unknown[] }[] };

/** Synthesizes under both packs. Throws CDK's report when they find what nobody acknowledged; else, what it says. */
function check(settings: SettingsInput, plant?: (stack: Stack) => void): Report {
  return inApp((app, bundlesDirectory, outdir) => {
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
    const stack = new StudioExecutionsStack(app, 'Test', {
      config: { ...sampleConfig, corsOrigins: ['https://console.example.com'] },
      settings,
      bundlesDirectory,
    });
    plant?.(stack);
    app.synth();
    return JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
  });
}

describe('cdk-nag', () => {
  it.each<[string, SettingsInput]>([
    ['as it is delivered', {}],
    [
      'with everything switched on',
      {
        customerKey: true,
        alarmEmail: 'ops@example.com',
        iam: { routes: 'all', scopes: ['read'] },
        reservedConcurrency: { trigger: 20, cleanup: 2 },
        stuckAlarm: 5,
      },
    ],
    ['for a stage that keeps nothing', { keepData: false, schedule: false }],
  ])('finds nothing that is not acknowledged, %s', (_how, settings) => {
    expect(check(settings).pluginReports.flatMap(({ violations }) => violations)).toEqual([]);
  });

  it.each([false, true])(
    'finds nothing where another team puts several into an app of its own, and what else there is: %s',
    (isPlanted) => {
      const theirs = () =>
        inApp((_ours, bundlesDirectory, outdir) => {
          const app = new App({ analyticsReporting: false, outdir });
          Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
          const env = { account: '123456789012', region: 'eu-west-1' };
          const stack = new Stack(new Stage(app, 'Prod', { env }), 'Theirs');
          const common = { config: sampleConfig, bundlesDirectory };
          new StudioExecutions(stack, 'A', { ...common, settings: { customerKey: true } });
          new StudioExecutions(stack, 'B', { ...common, settings: { keepData: false } });
          if (isPlanted) new Bucket(stack, 'Planted');
          app.synth();
        });
      if (isPlanted) expect(theirs).toThrow(/Prod\/Theirs\/Planted/);
      else expect(theirs).not.toThrow();
    },
  );

  it('sees a bucket that takes plain HTTP', () => {
    expect(() => check({}, (stack) => new Bucket(stack, 'Planted'))).toThrow(/AwsSolutions-S10/);
  });

  it('sees a queue whose messages may get lost', () => {
    expect(() => check({}, (stack) => new Queue(stack, 'Planted'))).toThrow(/Serverless-SQSRedrivePolicy/);
  });
});
