// First, so that the secret is on its way while everything else is loaded.
import './early-secret.ts';
import { type Config, ConfigError, readConfig } from '../config/configuration.ts';
import type { Mistake } from '../config/validation.ts';
import { createStudio, type Studio } from '../studio/client.ts';
import { logSecretTrouble, logUnusedSecret, noteAttempt } from '../telemetry/log.ts';
import type { AwsEnvironment } from './clients.ts';
import { earlySecret } from './early-secret.ts';
import { type Environment, type Need, readEnvironment } from './environment.ts';
import { createSecretSource, type SecretSource, secretsManagerLoader } from './secret.ts';

/** What a function has from its cold start on; made once per process, by the function's own module. */
export type Runtime<Needed extends Need = never> = {
  config: Config;
  environment: Environment & Record<Needed, string>;
  /** The process's environment, for further AWS clients (see awsClientOptions). */
  env: AwsEnvironment;
  secret: SecretSource;
  studio: Studio;
  now: () => number;
};

/**
 * The composition root. Requests the secret without waiting for it; a failed read is thrown when the secret is
 * used. Throws a ConfigError that names every mistake of the environment and of the configuration.
 */
export function coldStart<Needed extends Need = never>(
  env: AwsEnvironment = process.env,
  needs: readonly Needed[] = [],
  { now = Date.now }: { now?: () => number } = {},
): Runtime<Needed> {
  const mistakes: Mistake[] = [];
  const environment = collect(mistakes, () => readEnvironment(env, needs));
  const config = collect(mistakes, () => readConfig(env['STUDIO_CONFIG']), '/STUDIO_CONFIG');
  if (!environment || !config) throw new ConfigError('The environment has mistakes', mistakes);

  const { region, secretId, studioBaseUrl } = environment;
  const early = env === process.env ? earlySecret : null;
  const isEarly = early?.secretId === secretId && early.region === region;
  const secret = createSecretSource({
    load: isEarly ? early.load : secretsManagerLoader(env, region, secretId),
    now,
    onError: logSecretTrouble,
    onUnused: logUnusedSecret,
  });
  // The first use of the secret gets the same read, or its error.
  secret.get().catch(() => undefined);

  const studio = createStudio({
    credentials: secret.credentials,
    onAttempt: noteAttempt,
    baseUrl: studioBaseUrl,
    edge: config.edge,
    region: config.region,
  });
  return { config, environment, env, secret, studio, now };
}

function collect<T>(mistakes: Mistake[], read: () => T, prefix = ''): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { pointer, detail } of error.mistakes)
      mistakes.push({ pointer: `#${prefix}${pointer.slice('#'.length)}`, detail });
    return undefined;
  }
}
