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
/** After a failed read nobody asks again for so long, as long as there is an old value to go on with. */
export const SECRET_RETRY_COOL_DOWN_MS = 10_000;
/**
 * After a forced read that brought nothing new, the next one for the same reason comes so much later at the
 * earliest, so that nobody can make it hammer; and a rotation is never too soon after any other read. A 401
 * from Twilio costs a request, and an unknown caller may be anybody.
 */
export const REFUSED_KEY_COOL_DOWN_MS = 1_000;
export const UNKNOWN_CALLER_COOL_DOWN_MS = 30_000;

export type SecretSource = {
  /** The secret, from memory while it is fresh. Throws when there is none to go on with. */
  get(): Promise<Secret>;
  /** For a caller whom it does not know: reads it anew, from memory within the cool-down. */
  refresh(): Promise<Secret>;
  /** For lib/studio, whose `refresh` follows a 401. One read for all who ask at the same time. */
  credentials: CredentialSource;
};

export type SecretTrouble = {
  /** ConfigError: the secret has mistakes; SecretUnavailableError: it could not be read. */
  error: Error;
  /** Whether an older secret is used meanwhile. */
  kept: boolean;
};

export type SecretSourceOptions = {
  /** Reads the secret's JSON. */
  load: () => Promise<string>;
  now: () => number;
  /** Told of every failed read. */
  onTrouble?: (trouble: SecretTrouble) => void;
  /** Called after every read that finds entries or scopes that are not used. */
  onUnused?: (mistakes: readonly Mistake[]) => void;
};

/**
 * The cached secret. A failing read keeps the last good value for SECRET_MAX_STALE_MS, so that trouble at
 * Secrets Manager does not take down a warm function; with none to keep, each `get` tries again.
 */
export function createSecretSource({ load, now, onTrouble, onUnused }: SecretSourceOptions): SecretSource {
  let good: { secret: Secret; json: string; readAt: number } | undefined;
  let reading: Promise<Secret> | undefined;
  let lastFailureAt = Number.NEGATIVE_INFINITY;

  /** Single flight: whoever asks while a read runs gets that read's result. */
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
      onTrouble?.({ error, kept });
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
