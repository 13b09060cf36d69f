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
  if (error.message === 'Region is missing')
    return new Failed(['No AWS region is known: set AWS_REGION, or a region in your profile.'], {
      cause: error,
    });
  if ('code' in error && connection.has(String(error.code)))
    return new Failed([`AWS cannot be reached: ${error.code}`], { cause: error });
  return '$metadata' in error
    ? new Failed([`AWS answered ${error.name}: ${error.message}`], { cause: error })
    : error;
}

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
