import * as v from 'valibot';
import { LOCAL_ADMIN } from '../../local/caller-tokens.ts';
import { createApi } from '../api.ts';
import { explained } from '../explain.ts';
import type { Io } from '../io.ts';
import { outputOf } from '../stack.ts';
import { Failed } from '../tool.ts';
import type { Place } from './objects.ts';

const local = v.object({ endpoint: v.string(), bucket: v.string(), isStandIn: v.boolean() });

const LOCAL_REGION = 'us-east-1';
/** The stand-in accepts any credentials. */
const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

/** The deployed stack's bucket, unless another was `given`. */
export async function deployedPlace(where: {
  given: string | undefined;
  stage: string | undefined;
}): Promise<Place> {
  try {
    return { bucket: await outputOf('ArchiveBucketName', { ...where, option: '--bucket' }), s3: {} };
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    const hint = 'What npm start has archived is read with --url http://127.0.0.1:3000.';
    throw new Failed([...error.lines, hint], { cause: error });
  }
}

/** Asks the local run at `url` where its archive is. */
export async function localPlace(url: string, io: Pick<Io, 'env' | 'sleep'>): Promise<Place> {
  const api = createApi({ url, token: LOCAL_ADMIN }, io);
  const { body } = await api.call('GET', '/__local/archive').catch((error: unknown) => {
    throw explained(error);
  });
  const read = v.safeParse(local, body);
  if (!read.success) throw new Failed([`What answers at ${url} is not npm start.`]);
  const { endpoint, bucket, isStandIn } = read.output;
  // An emulator that was there before has its own credentials, found as AWS's are.
  const credentials = isStandIn ? { credentials: LOCAL_CREDENTIALS } : {};
  return { bucket, s3: { endpoint, region: io.env['AWS_REGION'] || LOCAL_REGION, ...credentials } };
}
