import { ConfigError } from '../config/configuration.ts';
import { SecretUnavailableError } from '../config/secret.ts';
import { Problem } from './problems.ts';

const RETRY_AFTER_MS = 5_000;

/**
 * Whether the secret, the table or the worker failed. While a request is served, a ConfigError can only come
 * from the secret. Every error of an AWS SDK call has `$metadata`, connection errors included.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof SecretUnavailableError || error instanceof ConfigError) return true;
  return error instanceof Error && '$metadata' in error;
}

/** Returns a 503 that carries the cause for the log. */
export function unavailable(cause: unknown): Problem {
  return new Problem('unavailable', 'A part of this deployment cannot be reached at the moment; try again.', {
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}
