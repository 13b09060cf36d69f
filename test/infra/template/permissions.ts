import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { synthesize } from '../synthesized.ts';

const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const SECRET = ['secretsmanager:GetSecretValue'];
const TABLE = ['DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'].map((name) => `dynamodb:${name}`);
const XRAY = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'];

type Statement = { Effect: string; Action: string | string[]; Resource: unknown; Condition?: unknown };
type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;

/** What the role of one function may do: the actions, and on which kind of resource. */
function allowed(template: Template, functionName: string): [string, string[]][] {
  const policies = Object.entries(template.findResources('AWS::IAM::Policy')).filter(([id]) =>
    id.includes(`${functionName}Role`),
  );
  const statements: Statement[] = policies.flatMap(
    ([, { Properties }]) => Properties.PolicyDocument.Statement,
  );
  expect(statements.every(({ Effect }) => Effect === 'Allow')).toBe(true);
  return statements.map(({ Action, Resource }) => [onWhat(Resource), [Action].flat().toSorted()]);
}

/** `{Fn::GetAtt: [StudioStorageTable1A2B3C4D, Arn]}` → `StudioStorageTable`, with what is joined to it. */
function onWhat(resource: unknown): string {
  return JSON.stringify(resource)
    .replaceAll(/\{"(?:Ref|Fn::GetAtt)":\[?"([^"]*?)(?:[0-9A-F]{8})?"(?:,"Arn")?\]?\}/g, '$1')
    .replaceAll(/\{"Fn::Join":\["",\[(.*?)\]\]\}/g, '$1')
    .replaceAll(/[",]/g, '');
}

describe('what each function may do', () => {
  let template: Template;
  beforeAll(() => {
    ({ template } = synthesize());
  });

  it.each(['Query', 'End', 'Delete'])('%s reads the secret, and nothing else', (name) => {
    expect(allowed(template, `Studio${name}`)).toEqual([
      [`Studio${name}Logs`, LOGS],
      ['StudioStorageSecret', SECRET],
      ['*', XRAY],
    ]);
  });

  it('trigger claims keys in the table', () => {
    expect(allowed(template, 'StudioTrigger')).toEqual([
      ['StudioTriggerLogs', LOGS],
      ['StudioStorageSecret', SECRET],
      ['StudioStorageTable', ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem']],
      ['*', XRAY],
    ]);
  });

  it('purge keeps the records of purges and starts the worker, by its alias only', () => {
    expect(allowed(template, 'StudioPurge')).toEqual([
      ['StudioPurgeLogs', LOGS],
      ['StudioStorageSecret', SECRET],
      ['StudioStorageTable', TABLE],
      [expect.stringMatching(/:function:[^:]*-cleanup:live$/), ['lambda:InvokeFunction']],
      ['*', XRAY],
    ]);
  });

  it('the worker writes archives, cannot read them, and checkpoints only its own runs', () => {
    expect(allowed(template, 'StudioWorkerCleanup')).toEqual([
      ['StudioWorkerCleanupLogs', LOGS],
      ['StudioStorageSecret', SECRET],
      ['StudioStorageTable', TABLE],
      ['StudioStorageArchive/*', ['s3:PutObject']],
      [expect.stringMatching(/:function:[^:]*-cleanup:live$/), ['lambda:InvokeFunction']],
      [
        expect.stringMatching(/:function:[^:]*-cleanup:\*$/),
        ['lambda:CheckpointDurableExecution', 'lambda:GetDurableExecutionState'],
      ],
      ['StudioWorkerDeadLetters', ['sqs:SendMessage']],
      ['*', XRAY],
    ]);
  });

  it('nothing may be done to everything but tracing, which AWS allows no name for', () => {
    const everything = Object.values(template.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }): Statement[] => Properties.PolicyDocument.Statement)
      .filter(({ Resource }) => [Resource].flat().includes('*'))
      .flatMap(({ Action }) => Action);
    expect(new Set(everything)).toEqual(new Set(XRAY));
  });

  it('each function has a role of its own, without any of AWS’s managed policies', () => {
    const functions = Object.values(template.findResources('AWS::Lambda::Function'));
    const roles = new Set(functions.map(({ Properties }) => JSON.stringify(Properties.Role)));
    expect(roles.size).toBe(functions.length);
    for (const role of Object.values(template.findResources('AWS::IAM::Role')))
      expect(role['Properties'].ManagedPolicyArns).toBeUndefined();
  });

  it('only API Gateway, for one route each, and the schedule may invoke a function from outside', () => {
    const permissions = Object.values(template.findResources('AWS::Lambda::Permission'));
    for (const { Properties } of permissions) {
      expect(['apigateway.amazonaws.com', 'events.amazonaws.com']).toContain(Properties.Principal);
      expect(Properties.SourceArn).toBeDefined();
    }
  });
});

describe('with a key of the deployment’s own', () => {
  it('each function may use it only through the services whose data it touches', () => {
    const { template } = synthesize({ customerKey: true });
    const through = (name: string) => {
      const resources: Resources = template.findResources('AWS::IAM::Policy') as Resources;
      return JSON.stringify(
        Object.entries(resources)
          .filter(([id]) => id.includes(`${name}Role`))
          .map(([, { Properties }]) => Properties),
      ).match(/"(secretsmanager|dynamodb|s3|sqs)\."/g);
    };
    expect(through('StudioQuery')).toEqual(['"secretsmanager."']);
    expect(through('StudioTrigger')).toEqual(['"secretsmanager."', '"dynamodb."']);
    expect(through('StudioWorkerCleanup')).toEqual(['"secretsmanager."', '"dynamodb."', '"s3."', '"sqs."']);
  });
});
