import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { withReservation } from '../../../infra/constructs/api/reserved.ts';
import { checkParts, InfraConfigError } from '../../../infra/constructs/checked.ts';
import type { SettingsInput } from '../../../infra/constructs/deployment-settings.ts';
import { StudioExecutions } from '../../../infra/constructs/studio-executions.ts';
import { StudioExecutionsStack } from '../../../infra/stack.ts';
import type { ConfigInput } from '../../../lib/config/configuration.ts';
import { inApp, sampleConfig, synthesize } from '../../support/synthesized.ts';

type Resource = { Type: string; Properties?: Record<string, unknown> };

function functionsOf(from: Template) {
  return Object.entries(from.findResources('AWS::Lambda::Function')).map(([id, { Properties }]) => ({
    name: /Studio(?:Worker)?([A-Z][a-z]+)Function/.exec(id)?.[1]?.toLowerCase(),
    properties: Properties,
  }));
}

/** What each function reserves, and the sum that the next deployment reads. */
function reservedIn(from: Template) {
  const each = functionsOf(from).map(({ name, properties }) => [
    name,
    properties.ReservedConcurrentExecutions,
  ]);
  const said = from.toJSON()['Outputs'].ReservedConcurrency.Value;
  return { ...Object.fromEntries(each.filter(([, runs]) => runs !== undefined)), runs: said };
}

describe('the stack', () => {
  let template: Template;
  beforeAll(() => {
    ({ template } = synthesize());
  });

  describe('the functions', () => {
    it('run the built bundles on one runtime, traced, on arm64', () => {
      for (const { properties } of functionsOf(template))
        expect(properties).toMatchObject({
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
          Handler: 'index.handler',
          TracingConfig: { Mode: 'Active' },
        });
    });

    it('behind the API end before API Gateway gives up on them', () => {
      const timeouts = Object.fromEntries(
        functionsOf(template).map(({ name, properties }) => [name, properties.Timeout]),
      );
      expect(timeouts).toEqual({ trigger: 29, query: 29, end: 29, delete: 29, purge: 29, cleanup: 900 });
    });

    it('find in their environment what the design says, and only what each needs', () => {
      const variables = Object.fromEntries(
        functionsOf(template).map(({ name, properties }) => [
          name,
          Object.keys(properties.Environment.Variables).toSorted(),
        ]),
      );
      const common = ['POWERTOOLS_METRICS_NAMESPACE', 'STUDIO_CONFIG', 'STUDIO_SECRET_ID'];
      expect(variables).toEqual({
        trigger: [...common, 'STUDIO_TABLE'],
        query: common,
        end: common,
        delete: common,
        purge: [...common, 'STUDIO_CLEANUP_FUNCTION', 'STUDIO_TABLE'].toSorted(),
        cleanup: [...common, 'STUDIO_ARCHIVE_BUCKET', 'STUDIO_CLEANUP_FUNCTION', 'STUDIO_TABLE'].toSorted(),
      });
    });

    it('log into groups of their own that forget', () => {
      const groups = Object.values(template.findResources('AWS::Logs::LogGroup'));
      expect(groups.map(({ Properties }) => Properties.RetentionInDays)).toEqual(groups.map(() => 30));
      const used = functionsOf(template).map(({ properties }) =>
        JSON.stringify(properties.LoggingConfig.LogGroup),
      );
      expect(new Set(used).size).toBe(6);
    });

    it('reserve no concurrency unless told to, since a new account has none to reserve', () => {
      expect(reservedIn(template)).toEqual({ runs: '0' });
      expect(reservedIn(synthesize({ reservedConcurrency: false }).template)).toEqual({ runs: '0' });
      const { template: told } = synthesize({ reservedConcurrency: { trigger: 20, cleanup: 2 } });
      expect(reservedIn(told)).toEqual({ trigger: 20, cleanup: 2, runs: '22' });
      const { template: half } = synthesize({ reservedConcurrency: { trigger: 20 } });
      expect(reservedIn(half)).toEqual({ trigger: 20, runs: '20' });
    });

    it('reserve, where there is room, as many triggers as the route lets in at once, and a run for each policy', () => {
      const reserved = (settings: SettingsInput) =>
        withReservation(checkParts(sampleConfig, settings)).reservedConcurrency;
      expect(reserved({})).toEqual({ trigger: 20, cleanup: 5 });
      expect(reserved({ throttling: { triggerBurst: 40 } })).toEqual({ trigger: 40, cleanup: 5 });
      expect(reserved({ throttling: { triggerBurst: 10_000 } })).toEqual({ trigger: 900, cleanup: 5 });
      const policies = ['a', 'b', 'c'].map((name) => ({ name, olderThan: 'P7D' }));
      const several = checkParts({ ...sampleConfig, policies }, {});
      expect(withReservation(several).reservedConcurrency).toEqual({ trigger: 20, cleanup: 7 });
      for (const own of [false, {}, { cleanup: 3 }] as const)
        expect(reserved({ reservedConcurrency: own })).toEqual(own);
    });
  });

  describe('the worker', () => {
    it('is durable, and in a queue one finds what it could not do', () => {
      template.hasResourceProperties('AWS::Lambda::Function', {
        DurableConfig: { ExecutionTimeout: 604_800, RetentionPeriodInDays: 14 },
        DeadLetterConfig: { TargetArn: Match.anyValue() },
      });
    });

    it('is invoked by its alias, whose name its own environment tells it', () => {
      const [worker] = functionsOf(template).filter(({ name }) => name === 'cleanup');
      template.hasResourceProperties('AWS::Lambda::Alias', { Name: 'live' });
      expect(JSON.stringify(worker?.properties.Environment.Variables.STUDIO_CLEANUP_FUNCTION)).toContain(
        `:function:${worker?.properties.FunctionName}:live`,
      );
    });

    it('may start itself again and again, which Lambda would take for a loop at the sixteenth time', () => {
      const allowed = functionsOf(template).filter(({ properties }) => properties.RecursiveLoop === 'Allow');
      expect(allowed.map(({ name }) => name)).toEqual(['cleanup']);
    });

    it('keeps its old versions, on which runs may still be under way', () => {
      template.hasResource('AWS::Lambda::Version', { DeletionPolicy: 'Retain' });
    });

    it('is started by the schedule with the plain event, again when that fails, and else into the queue', () => {
      template.hasResourceProperties('AWS::Events::Rule', {
        ScheduleExpression: 'rate(1 day)',
        State: 'ENABLED',
        Targets: [
          {
            Arn: { Ref: Match.stringLikeRegexp('Alias') },
            DeadLetterConfig: { Arn: Match.anyValue() },
            RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 10 },
            Input: Match.absent(),
            InputTransformer: Match.absent(),
          },
        ],
      });
    });

    it.each([
      ['the schedule is off', { schedule: false } as const, sampleConfig],
      ['there is no policy', {}, { flows: sampleConfig.flows }],
    ])('does not purge by itself when %s', (_when, settings, config) => {
      const { template: quiet } = synthesize(settings, config);
      const rules = Object.values(quiet.findResources('AWS::Events::Rule'));
      expect(rules.map(({ Properties }) => Properties.Targets[0].Input)).toEqual(['{"job":"census"}']);
    });

    it('counts active executions every hour, and neither more often than told nor when told not to', () => {
      const census = (settings: SettingsInput) =>
        Object.values(synthesize(settings).template.findResources('AWS::Events::Rule'))
          .map(({ Properties }) => Properties)
          .filter(({ Targets }) => Targets[0].Input === '{"job":"census"}');
      expect(census({})).toEqual([
        expect.objectContaining({
          ScheduleExpression: 'rate(1 hour)',
          State: 'ENABLED',
          Targets: [
            expect.objectContaining({
              Arn: { Ref: expect.stringContaining('Alias') },
              DeadLetterConfig: expect.anything(),
              RetryPolicy: { MaximumEventAgeInSeconds: 900, MaximumRetryAttempts: 2 },
            }),
          ],
        }),
      ]);
      expect(census({ census: 'rate(6 hours)' })).toMatchObject([{ ScheduleExpression: 'rate(6 hours)' }]);
      expect(census({ census: false })).toEqual([]);
    });
  });

  describe('the construct in an app of another team', () => {
    it('throws every mistake of its props at once', () => {
      const stack = new Stack(new App(), 'Theirs');
      const props = { config: { flows: [] }, settings: { logRetentionDays: 2 as never, archiveDays: 0 } };
      expect(() => new StudioExecutions(stack, 'Studio', props)).toThrow(InfraConfigError);
      expect(() => new StudioExecutions(stack, 'Again', props)).toThrow(
        /config #\/flows .*\nsettings #\/logRetentionDays .*\nsettings #\/archiveDays /,
      );
    });

    it('is put there twice, without the settings of this repository’s cdk.json, and no name is taken twice', () => {
      const theirs = inApp((_ours, bundlesDirectory) => {
        const stack = new Stack(new App({ analyticsReporting: false }), 'Theirs');
        const studios = ['A', 'B'].map(
          (id) => new StudioExecutions(stack, id, { config: sampleConfig, bundlesDirectory }),
        );
        expect(new Set(studios.map(({ workerArn }) => stack.resolve(workerArn)))).toHaveLength(2);
        return Template.fromStack(stack);
      });
      const named = ['AlarmName', 'DashboardName', 'FunctionName'];
      const names = Object.values<Resource>(theirs.toJSON()['Resources'])
        .filter(({ Type }) => /::(Alarm|Dashboard|Function)$/.test(Type))
        .flatMap(({ Properties }) => named.map((one) => Properties?.[one]).filter(Boolean))
        .map((name) => JSON.stringify(name));
      expect(names).toHaveLength(
        2 * (Object.keys(template.findResources('AWS::CloudWatch::Alarm')).length + 2),
      );
      expect(new Set(names).size).toBe(names.length);
    });

    it('warns at synth of what is valid and surely not meant', () => {
      const late = { ...sampleConfig, policies: [{ name: 'late', olderThan: 'P60D' }] };
      const printed = vi.spyOn(console, 'error').mockReturnValue();
      onTestFinished(() => printed.mockRestore());
      const warned = (config: ConfigInput) =>
        inApp((app, bundlesDirectory) => {
          const stack = new StudioExecutionsStack(app, 'Test', { config, bundlesDirectory });
          return Annotations.fromStack(stack).findWarning('*', Match.anyValue());
        });
      expect(warned(sampleConfig)).toEqual([]);
      expect(printed).not.toHaveBeenCalled();
      const text = 'The policy late waits P60D, but Twilio keeps executions for 30 days only';
      expect(warned(late)).toMatchObject([
        { level: 'warning', id: '/Test/Studio', entry: { data: expect.stringContaining(text) } },
      ]);
      expect(printed).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(text));
    });

    it('says where things are once it is deployed', () => {
      const outputs = Object.keys(template.toJSON()['Outputs']);
      expect(outputs).toEqual([
        'ApiUrl',
        'SecretArn',
        'TableName',
        'ArchiveBucketName',
        'CleanupFunctionArn',
        'ReservedConcurrency',
        'AlarmTopicArn',
      ]);
    });
  });
});
