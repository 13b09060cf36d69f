import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ArchiveStore } from '../purge/engine/ports.ts';
import { type AwsEnvironment, awsClientOptions } from './clients.ts';

const CONNECT_TIMEOUT_MS = 1_000;
/** An object may have some megabytes. */
const PUT_TIMEOUT_MS = 15_000;

/**
 * Archive objects in the bucket. The SDK sends a checksum that S3 verifies before it answers, and S3 answers
 * when the object is stored for good: an answer is the confirmation.
 */
export function createArchiveStore(env: AwsEnvironment, region: string, bucket: string): ArchiveStore {
  const client = new S3Client({
    ...awsClientOptions(env, region),
    // The bucket in the path, not in the host's name: every endpoint understands that.
    forcePathStyle: true,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: PUT_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  return {
    async put(key, body, signal) {
      const { ETag: tag } = await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentType: 'application/x-ndjson',
          ContentEncoding: 'gzip',
        }),
        signal ? { abortSignal: signal } : {},
      );
      if (!tag) throw new Error('S3 did not confirm the object');
    },
  };
}
