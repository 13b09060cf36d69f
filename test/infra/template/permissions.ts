import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { routeKeys } from '../../../lib/http/routes.ts';
import { synthesize } from '../../support/synthesized.ts';

const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const SECRET = ['secretsmanager:GetSecretValue'];
const CLAIMS = inTable('claim#*', 'DeleteItem', 'GetItem', 'PutItem');
const XRAY = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'];

type Statement = { Effect: string; Action: string | string[]; Resource: unknown; Condition?: unknown };

function statementsOf(template: Template, functionName: string): Statement[] {
  return Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => id.includes(`${functionName}Role`))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
}

/** What the role of one function may do: the actions, on which kind of resource, and under which condition. */
function allowed(template: Template, functionName: string): unknown[][] {
  const statements = statementsOf(template, functionName);
  expect(statements.every(({ Effect }) => Effect === 'Allow')).toBe(true);
  return statements.map(({ Action, Resource, Condition }) => [
    onWhat(Resource),
    [Action].flat().toSorted(),
    ...(Condition === undefined ? [] : [Condition]),
  ]);
}

/** Calls that name a key, each in this partition of the table. */
function inTable(partition: string, ...operations: string[]): unknown[] {
  return [
    'StudioStorageTable',
    operations.map((name) => `dynamodb:${name}`),
    {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [partition] },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  ];
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

  it('trigger claims keys, and reaches nothing else in the table', () => {
    expect(allowed(template, 'StudioTrigger')).toEqual([
      ['StudioTriggerLogs', LOGS],
      ['StudioStorageSecret', SECRET],
      CLAIMS,
      ['*', XRAY],
    ]);
  });

  it('purge claims keys, keeps records, deletes none, and starts the worker by its alias', () => {
    expect(allowed(template, 'StudioPurge')).toEqual([
      ['StudioPurgeLogs', LOGS],
      ['StudioStorageSecret', SECRET],
      CLAIMS,
      inTable('purges', 'GetItem', 'PutItem', 'Query', 'UpdateItem'),
      inTable('purge#*', 'Query'),
      inTable('purges#running', 'GetItem', 'PutItem'),
      [expect.stringMatching(/:function:[^:]*-cleanup:live$/), ['lambda:InvokeFunction']],
      ['*', XRAY],
    ]);
  });

  it('the worker deletes no record, writes archives, cannot read them, and checkpoints only its own runs', () => {
    expect(allowed(template, 'StudioWorkerCleanup')).toEqual([
      ['StudioWorkerCleanupLogs', LOGS],
      ['StudioStorageSecret', SECRET],
      inTable('purges', 'GetItem', 'PutItem', 'UpdateItem'),
      inTable('purge#*', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'),
      inTable('flow#*', 'DeleteItem', 'GetItem', 'UpdateItem'),
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
    const paths = permissions
      .filter(({ Properties }) => Properties.Principal === 'apigateway.amazonaws.com')
      .map(({ Properties }) => String(Properties.SourceArn['Fn::Join'][1].at(-1)));
    const routed = routeKeys.map((key) => `/*/*${key.split(' ')[1]}`);
    // What no route matches has no path: API Gateway asks with its own name for it, at the same function.
    expect(paths.toSorted()).toEqual([...routed, '/*/*'].toSorted());
  });
});

describe('with a key of the deployment’s own', () => {
  const SECRETS = ['secretsmanager', ['kms:Decrypt']];
  const TABLES = [
    'dynamodb',
    [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:GenerateDataKeyWithoutPlaintext',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
  ];
  const WRITES = ['kms:Decrypt', 'kms:GenerateDataKey'];
  /** Environment variables, and the worker's checkpoints. */
  const LAMBDA = ['lambda', ['kms:Decrypt']];

  it.each([
    ['Query', [LAMBDA, SECRETS]],
    ['End', [LAMBDA, SECRETS]],
    ['Delete', [LAMBDA, SECRETS]],
    ['Trigger', [LAMBDA, SECRETS, TABLES]],
    ['Purge', [LAMBDA, SECRETS, TABLES]],
    ['WorkerCleanup', [LAMBDA, SECRETS, TABLES, ['s3', WRITES], ['sqs', WRITES]]],
  ])('%s may use it only through the services whose data it touches, and for what they ask', (name, uses) => {
    const { template } = synthesize({ customerKey: true });
    const ofKey = statementsOf(template, `Studio${name}`).filter(({ Action }) =>
      [Action].flat().some((one) => one.startsWith('kms:')),
    );
    for (const { Resource } of ofKey) expect(onWhat(Resource)).toBe('StudioKey');
    const service = ({ Condition }: Statement) =>
      /"kms:ViaService":.*?"(\w+)\."|"kms:EncryptionContext:aws:(lambda):FunctionArn"/
        .exec(JSON.stringify(Condition))
        ?.slice(1)
        .find(Boolean);
    expect(ofKey.map((one) => [service(one), [one.Action].flat().toSorted()])).toEqual(uses);
  });

  it('the worker may use it for what Lambda keeps of this one function', () => {
    const { template } = synthesize({ customerKey: true });
    const [{ Condition } = {}] = statementsOf(template, 'StudioWorkerCleanup').filter(({ Condition: one }) =>
      JSON.stringify(one)?.includes('aws:lambda:FunctionArn'),
    );
    expect(JSON.stringify(Condition)).toMatch(/^\{"ArnLike":.*:function:Test-Studio-\w+-cleanup"/);
  });
});
