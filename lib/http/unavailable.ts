import { ConfigError } from '../config.ts';
import { SecretUnavailableError } from '../secret.ts';
import { Problem } from './problems.ts';

const RETRY_AFTER_MS = 5_000;

/**
 * Whether the secret, the table or the worker failed. A ConfigError can only be the secret's by now, and every
 * error of an AWS SDK call carries `$metadata`, those of the connection too.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof SecretUnavailableError || error instanceof ConfigError) return true;
  return error instanceof Error && '$metadata' in error;
}

/** 503, with what is behind it for the log. */
export function unavailable(cause: unknown): Problem {
  return new Problem('unavailable', 'A part of this deployment cannot be reached at the moment; try again.', {
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}
