import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { synthesize } from '../../support/synthesized.ts';

/** Kept when the stack is removed or replaces it, and gone with a first deployment that fails. */
const KEPT = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' };

/** Holds no data of callers or contacts, or takes no key. */
const KEYLESS =
  /ApiGatewayV2|CloudWatch|Events::Rule|IAM::|KMS::Key|Lambda::(Alias|Permission|Version)|CDK::Metadata|Policy$/;

describe('what is stored', () => {
  let template: Template;
  beforeAll(() => {
    ({ template } = synthesize());
  });

  it('has a table of one key, paid by use, that expires and can be put back', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      Properties: {
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        BillingMode: 'PAY_PER_REQUEST',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
        GlobalSecondaryIndexes: Match.absent(),
      },
    });
  });

  it('has a bucket that nobody reaches in public or in the clear', () => {
    template.hasResource('AWS::S3::Bucket', {
      ...KEPT,
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      },
    });
  });

  it.each([
    ['a year, unless told otherwise,', undefined, 365],
    ['the 90 days that the settings say', 90, 90],
    ['31 days, of which S3 takes the last one for infrequent access,', 31, 31],
    ['30 days, too short to move them anywhere,', 30, 30],
    ['a single day', 1, 1],
  ])('keeps archives for %s and what was overwritten or deleted for 30 days more', (_how, told, days) => {
    const { template: kept } = synthesize(told === undefined ? {} : { archiveDays: told });
    const [archive, ...others] = Object.values(kept.findResources('AWS::S3::Bucket'));
    expect(others).toEqual([]);
    // Whole: another rule, or a condition on it, would keep some for longer or for less.
    expect(archive?.['Properties'].LifecycleConfiguration).toEqual({
      Rules: [
        {
          Id: expect.any(String),
          Status: 'Enabled',
          ExpirationInDays: days,
          NoncurrentVersionExpiration: { NoncurrentDays: 30 },
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
          ...(days > 30 && { Transitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: 30 }] }),
        },
      ],
    });
  });

  it('has a secret without a value, which no deployment can overwrite', () => {
    template.hasResource('AWS::SecretsManager::Secret', {
      ...KEPT,
      Properties: {
        Description: Match.stringLikeRegexp('apiKeySecret'),
        SecretString: Match.absent(),
        GenerateSecretString: Match.absent(),
      },
    });
  });

  it('goes with the stack when the settings say so', () => {
    const { template: temporary } = synthesize({ keepData: false, customerKey: true });
    const types = ['DynamoDB::Table', 'S3::Bucket', 'SecretsManager::Secret', 'KMS::Key'];
    for (const type of types) temporary.allResources(`AWS::${type}`, { DeletionPolicy: 'Delete' });
    temporary.hasResourceProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: false });
    temporary.resourceCountIs('Custom::S3AutoDeleteObjects', 1);
  });

  it('is encrypted by a key of its own, whatever holds data, when the settings say so', () => {
    const { template: encrypted } = synthesize({ customerKey: true });
    const key = { 'Fn::GetAtt': [Match.stringLikeRegexp('Key'), 'Arn'] };
    encrypted.hasResource('AWS::KMS::Key', {
      ...KEPT,
      Properties: { EnableKeyRotation: true },
    });
    encrypted.hasResourceProperties('AWS::SecretsManager::Secret', { KmsKeyId: key });
    encrypted.hasResourceProperties('AWS::DynamoDB::Table', { SSESpecification: { KMSMasterKeyId: key } });
    encrypted.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: key });
    encrypted.allResourcesProperties('AWS::SNS::Topic', { KmsMasterKeyId: key });
    encrypted.allResourcesProperties('AWS::Logs::LogGroup', { KmsKeyId: key });
    encrypted.allResourcesProperties('AWS::Lambda::Function', { KmsKeyArn: key });
    encrypted.hasResourceProperties('AWS::Lambda::Function', {
      DurableConfig: { ExecutionTimeout: 604_800, RetentionPeriodInDays: 14, KMSKeyArn: key },
    });
    // What else there is holds no data, or (traces, dashboards, alarms) takes no key.
    const types = Object.values<{ Type: string }>(encrypted.toJSON()['Resources']).map(({ Type }) => Type);
    expect([...new Set(types)].filter((type) => !KEYLESS.test(type)).toSorted()).toEqual([
      'AWS::DynamoDB::Table',
      'AWS::Lambda::Function',
      'AWS::Logs::LogGroup',
      'AWS::S3::Bucket',
      'AWS::SNS::Topic',
      'AWS::SQS::Queue',
      'AWS::SecretsManager::Secret',
    ]);
    encrypted.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } },
        ],
      },
    });
    template.resourceCountIs('AWS::KMS::Key', 0);
  });

  it('lets four services of AWS use that key themselves, each for this account only', () => {
    const { template: encrypted } = synthesize({ customerKey: true });
    const [key] = Object.values(encrypted.findResources('AWS::KMS::Key'));
    const [owner, logs, senders, lambda, ...others] = key?.['Properties'].KeyPolicy.Statement ?? [];
    expect(JSON.stringify(owner.Principal)).toContain(':root');
    expect(logs).toMatchObject({
      Principal: { Service: { 'Fn::Join': ['', expect.arrayContaining(['logs.'])] } },
    });
    expect(JSON.stringify(logs.Condition.ArnLike['kms:EncryptionContext:aws:logs:arn'])).toMatch(
      /AWS::Region.*AWS::AccountId.*:log-group:\*/,
    );
    expect(senders).toMatchObject({
      Principal: { Service: ['cloudwatch.amazonaws.com', 'events.amazonaws.com'] },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
    expect(lambda).toMatchObject({
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
    const { StringEquals: only } = lambda.Condition;
    expect(JSON.stringify(only['aws:SourceArn'])).toMatch(/:function:Test-Studio-\w+-cleanup"/);
    expect(only['kms:EncryptionContext:aws:lambda:FunctionArn']).toEqual(only['aws:SourceArn']);
    expect(others).toEqual([]);
  });

  it('has a queue that keeps letters as long as SQS can, encrypted, and takes them over TLS only', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: 1_209_600,
      SqsManagedSseEnabled: true,
    });
    const [policy] = Object.values(template.findResources('AWS::SQS::QueuePolicy'));
    const [refused, ...allowed] = policy?.['Properties'].PolicyDocument.Statement ?? [];
    expect(refused).toMatchObject({
      Effect: 'Deny',
      Action: 'sqs:*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
    for (const one of allowed)
      expect(one).toMatchObject({
        Action: 'sqs:SendMessage',
        Principal: { Service: 'events.amazonaws.com' },
        Condition: { ArnEquals: { 'aws:SourceArn': expect.anything() } },
      });
  });
});
