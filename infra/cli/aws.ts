import { Failed } from './tool.ts';

export const UNREADABLE = 'AWS gave an answer that cannot be read. Is there a proxy in between?';

/** The SDK's message. */
const REGION_MISSING = 'Region is missing';
/** The SDK's error names for responses that did not come from the service itself. */
const unreadable = ['Unknown', 'SyntaxError', 'TypeError', 'Error'];
const connection = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH'];

const noCredentials = 'No AWS credentials were found: sign in, or set AWS_PROFILE.';
const signIn = 'AWS does not take these credentials: sign in again.';
const denied = 'These AWS credentials may not do this.';
const general: Record<string, string> = {
  CredentialsProviderError: noCredentials,
  ExpiredToken: signIn,
  ExpiredTokenException: signIn,
  InvalidClientTokenId: signIn,
  UnrecognizedClientException: signIn,
  InvalidAccessKeyId: signIn,
  SignatureDoesNotMatch: signIn,
  AbortError: 'AWS gave no answer in time.',
  AccessDenied: denied,
  AccessDeniedException: denied,
};

/** Turns an error of AWS's SDK into a Failed that says what to do; returns any other error as it is. */
export function explainedAws(error: unknown, meanings: Record<string, string> = {}): unknown {
  if (!(error instanceof Error) || error instanceof Failed) return error;
  const lines = linesFor(error, { ...general, ...meanings });
  return lines ? new Failed(lines, { cause: error }) : error;
}

function linesFor(error: Error, meanings: Record<string, string>): string[] | null {
  const { name, message } = error;
  const told = meanings[name];
  if (told) return told === message ? [told] : [told, `AWS: ${message}`];
  if (message === REGION_MISSING)
    return ['No AWS region is known: set AWS_REGION, or a region in your profile.'];
  if ('code' in error && connection.includes(String(error.code)))
    return [`AWS cannot be reached: ${error.code}`];
  if (!('$metadata' in error)) return null;
  return [unreadable.includes(name) ? UNREADABLE : `AWS answered ${name}: ${message}`];
}

/** Whether the credentials or the region are at fault, so that no call to AWS can succeed. */
export function isUnusable(error: unknown): boolean {
  if (!(error instanceof Failed && error.cause instanceof Error)) return false;
  const { name, message } = error.cause;
  return [signIn, noCredentials].includes(general[name] ?? '') || message === REGION_MISSING;
}
