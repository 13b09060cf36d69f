import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Settings } from '../deployment-settings.ts';
import { whenRemoved } from './encryption.ts';

/** S3's minimum age for the class for infrequent access. */
const INFREQUENT_ACCESS_AFTER_DAYS = 30;
/** The time that an overwritten or deleted object can be restored. */
const OLD_VERSIONS_DAYS = 30;
const BROKEN_UPLOADS_DAYS = 7;

/**
 * The shape of the secret (lib/config/secret.ts), which Secrets Manager shows beside it.
 */
const SECRET_SHAPE =
  'Twilio credentials and callers of studio-executions, as JSON: {"accountSid": "AC…", "apiKeySid": "SK…", ' +
  '"apiKeySecret": "…", "authToken": "… (only for X-Twilio-Signature)", "callers": [{"name": "…", ' +
  '"token": "…", "scopes": ["trigger", "read", "read:personal", "end", "purge"], "flows": ["…"]}], ' +
  '"webhooks": [{"name": "…", "secret": "whsec_…", "scopes": ["trigger"]}]}';

type StorageProps = {
  settings: Settings;
  key: Key | undefined;
};

/** The stored data: the secret, the table of keys and purge records, the archive. */
export class Storage extends Construct {
  /** Its `ref` is the ARN. */
  readonly secret: CfnSecret;
  readonly table: Table;
  readonly archive: Bucket;

  constructor(scope: Construct, id: string, { settings, key }: StorageProps) {
    super(scope, id);
    const removalPolicy = whenRemoved(settings.keepData);

    // The plain resource is created without a value. CDK's own would generate one, and CloudFormation would
    // overwrite the filled-in secret if the properties of the generation changed.
    this.secret = new CfnSecret(this, 'Secret', {
      description: SECRET_SHAPE,
      ...(key && { kmsKeyId: key.keyArn }),
    });
    this.secret.applyRemovalPolicy(removalPolicy);
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Twilio’s API keys are made and revoked at Twilio; a new one is written here and used within minutes',
    });

    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: settings.keepData,
      // A first deployment that fails cannot delete a protected table, and would be stuck.
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(key && { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: key }),
    });

    this.archive = new Bucket(this, 'Archive', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      encryption: key ? BucketEncryption.KMS : BucketEncryption.S3_MANAGED,
      bucketKeyEnabled: key !== undefined,
      lifecycleRules: archiveLifecycle(settings.archiveDays),
      removalPolicy,
      autoDeleteObjects: !settings.keepData,
      ...(key && { encryptionKey: key }),
    });
    Validations.of(this.archive).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'One role writes and none reads; the account’s CloudTrail records other readers',
    });
  }
}

function archiveLifecycle(archiveDays: number) {
  return [
    {
      id: 'archives-expire',
      expiration: Duration.days(archiveDays),
      noncurrentVersionExpiration: Duration.days(OLD_VERSIONS_DAYS),
      abortIncompleteMultipartUploadAfter: Duration.days(BROKEN_UPLOADS_DAYS),
      ...(archiveDays > INFREQUENT_ACCESS_AFTER_DAYS && {
        transitions: [
          {
            storageClass: StorageClass.INFREQUENT_ACCESS,
            transitionAfter: Duration.days(INFREQUENT_ACCESS_AFTER_DAYS),
          },
        ],
      }),
    },
  ];
}
