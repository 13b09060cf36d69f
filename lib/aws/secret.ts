import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConfigError } from '../config/configuration.ts';
import { readSecret, type Secret, SecretUnavailableError } from '../config/secret.ts';
import type { Mistake } from '../config/validation.ts';
import type { CredentialSource, Credentials } from '../studio/types.ts';
import { type AwsEnvironment, awsClientOptions } from './clients.ts';

/** How long a secret is used before it is read again: a rotated caller is refused after at most this. */
export const SECRET_TTL_MS = 5 * 60_000;
/** How long the last good secret stays in use while Secrets Manager fails or holds a broken one. */
export const SECRET_MAX_STALE_MS = 60 * 60_000;
/** The pause after a failed read, while an older secret is still valid. */
export const SECRET_RETRY_COOL_DOWN_MS = 10_000;
/**
 * The pause after a forced read that found the same secret: after a 401 from Twilio, and after an unknown token.
 * Unknown callers must not make the function call Secrets Manager at will.
 */
export const REFUSED_KEY_COOL_DOWN_MS = 1_000;
export const UNKNOWN_CALLER_COOL_DOWN_MS = 30_000;

export type SecretSource = {
  /** The secret, from memory while it is fresh. Throws if there is none. */
  get(): Promise<Secret>;
  /** Reads the secret again, for a caller that it does not know. From memory within the cool-down. */
  refresh(): Promise<Secret>;
  /** For lib/studio, whose `refresh` follows a 401. Concurrent calls share one read. */
  credentials: CredentialSource;
};

export type SecretReadFailure = {
  /** ConfigError: the secret has mistakes; SecretUnavailableError: it could not be read. */
  error: Error;
  /** Whether an older secret is used meanwhile. */
  kept: boolean;
};

export type SecretSourceOptions = {
  /** Reads the secret's JSON. */
  load: () => Promise<string>;
  now: () => number;
  /** Called after every failed read. */
  onError?: (failure: SecretReadFailure) => void;
  /** Called after every read that finds entries or scopes that are not used. */
  onUnused?: (mistakes: readonly Mistake[]) => void;
};

/**
 * Caches the secret. After a failed read, the last good value is used for SECRET_MAX_STALE_MS, so that an outage
 * of Secrets Manager does not stop a warm function. Without one, each `get` tries again.
 */
export function createSecretSource({ load, now, onError, onUnused }: SecretSourceOptions): SecretSource {
  let good: { secret: Secret; json: string; readAt: number } | undefined;
  let reading: Promise<Secret> | undefined;
  let lastFailureAt = Number.NEGATIVE_INFINITY;

  /** Single flight: all callers share the read that is under way. */
  function read(): Promise<Secret> {
    reading ??= readOnce().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function readOnce(): Promise<Secret> {
    try {
      const json = await loadText(load);
      const secret = readSecret(json, onUnused);
      good = { secret, json, readAt: now() };
      return secret;
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof SecretUnavailableError)) throw error;
      lastFailureAt = now();
      const kept = good !== undefined && now() - good.readAt < SECRET_MAX_STALE_MS;
      onError?.({ error, kept });
      if (good === undefined || !kept) throw error;
      return good.secret;
    }
  }

  async function get(): Promise<Secret> {
    if (good === undefined) return read();
    const age = now() - good.readAt;
    if (age < SECRET_TTL_MS) return good.secret;
    const coolingDown = now() - lastFailureAt < SECRET_RETRY_COOL_DOWN_MS;
    return coolingDown && age < SECRET_MAX_STALE_MS ? good.secret : read();
  }

  function forced(coolDownMs: number): () => Promise<Secret> {
    let lastFutileAt = Number.NEGATIVE_INFINITY;
    return async () => {
      if (reading === undefined && now() - lastFutileAt < coolDownMs) return get();
      const before = good?.json;
      const secret = await read();
      if (good?.json === before) lastFutileAt = now();
      return secret;
    };
  }

  const refreshCredentials = forced(REFUSED_KEY_COOL_DOWN_MS);
  return {
    get,
    refresh: forced(UNKNOWN_CALLER_COOL_DOWN_MS),
    credentials: {
      get: async () => credentialsOf(await get()),
      refresh: async () => credentialsOf(await refreshCredentials()),
    },
  };
}

/** Reads the secret with this name or ARN from AWS Secrets Manager. */
export function secretsManagerLoader(env: AwsEnvironment, region: string, secretId: string) {
  const client = new SecretsManagerClient(awsClientOptions(env, region));
  return async (): Promise<string> => {
    const { SecretString, SecretBinary } = await client.send(
      new GetSecretValueCommand({ SecretId: secretId }),
    );
    return SecretString ?? new TextDecoder().decode(SecretBinary);
  };
}

async function loadText(load: () => Promise<string>): Promise<string> {
  try {
    return await load();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.name : 'unknown';
    throw new SecretUnavailableError(`The secret could not be read: ${reason}`, { cause });
  }
}

function credentialsOf({ accountSid, apiKeySid, apiKeySecret }: Secret): Credentials {
  return { accountSid, username: apiKeySid, password: apiKeySecret };
}
