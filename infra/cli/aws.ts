import { lasting } from './format.ts';
import { Failed } from './tool.ts';

/**
 * What AWS's refusals mean to whoever sits at the laptop. Anything unknown comes as AWS says it; what is no
 * answer of AWS is given back to be thrown on.
 */
export function explainedAws(error: unknown, meanings: Record<string, string> = {}): unknown {
  if (!(error instanceof Error) || error instanceof Failed) return error;
  const told = meanings[error.name] ?? general[error.name];
  if (told)
    return new Failed([told, ...(told === error.message ? [] : [`AWS: ${error.message}`])], { cause: error });
  if (error.message === REGION_MISSING)
    return new Failed(['No AWS region is known: set AWS_REGION, or a region in your profile.'], {
      cause: error,
    });
  if ('code' in error && connection.has(String(error.code)))
    return new Failed([`AWS cannot be reached: ${error.code}`], { cause: error });
  if (!('$metadata' in error)) return error;
  const words = unreadable.has(error.name) ? UNREADABLE : `AWS answered ${error.name}: ${error.message}`;
  return new Failed([words], { cause: error });
}

/** Whether the credentials or the region are at fault, so that no call to AWS can succeed. */
export function isUnusable(error: unknown): boolean {
  if (!(error instanceof Failed && error.cause instanceof Error)) return false;
  const { name, message } = error.cause;
  return name === 'CredentialsProviderError' || general[name] === signIn || message === REGION_MISSING;
}

/** Calls AWS with a timeout. Throws AWS's error, or a Failed if no answer comes in time. */
export async function withTimeout<T>(
  ms: number,
  ask: (options: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const abortSignal = AbortSignal.timeout(ms);
  try {
    return await ask({ abortSignal });
  } catch (error) {
    if (!abortSignal.aborted) throw error;
    throw new Failed([`AWS gave no answer in ${lasting(ms)}.`], { cause: error });
  }
}

export const UNREADABLE = 'AWS gave an answer that cannot be read. Is there a proxy in between?';
const REGION_MISSING = 'Region is missing';

/** The SDK's names for errors whose answer did not come from the service itself. */
const unreadable = new Set(['Unknown', 'SyntaxError', 'TypeError', 'Error']);

const connection = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

const signIn = 'AWS does not take these credentials: sign in again.';
const general: Record<string, string> = {
  CredentialsProviderError: 'No AWS credentials were found: sign in, or set AWS_PROFILE.',
  ExpiredToken: signIn,
  ExpiredTokenException: signIn,
  InvalidClientTokenId: signIn,
  UnrecognizedClientException: signIn,
  InvalidAccessKeyId: signIn,
  SignatureDoesNotMatch: signIn,
  AccessDenied: 'These AWS credentials may not do this.',
  AccessDeniedException: 'These AWS credentials may not do this.',
};
