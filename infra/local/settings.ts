import * as v from 'valibot';
import { type Config, ConfigError, checkConfig, readConfig } from '../../lib/config/configuration.ts';
import { validate } from '../../lib/config/validation.ts';
import { SIMULATED_ACCOUNT, type StudioAccount } from './caller-tokens.ts';
import { type Endpoints, givenEndpoints, SERVICES } from './endpoints.ts';

/** What `npm start` reads from its environment. */

export type Settings = {
  config: Config;
  port: number;
  /** null: the simulated one. */
  studio: { account: StudioAccount; baseUrl?: string } | null;
  endpoints: Partial<Endpoints>;
  /** Names behind those endpoints; the defaults otherwise. */
  resources: { secretId?: string; table?: string; archiveBucket?: string; cleanupFunction?: string };
  /** What the functions need to speak to those endpoints. */
  variables: Record<string, string>;
};

type ReadSettings = { ok: true; settings: Settings } | { ok: false; mistakes: string[] };

type Env = Record<string, string | undefined>;

export const DEFAULT_PORT = 3_000;
const MAX_PORT = 65_535;
const ACCOUNT = ['TWILIO_ACCOUNT_SID', 'TWILIO_API_KEY', 'TWILIO_API_SECRET'];

const sid = (prefix: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`), `must be ${prefix} and 32 hexadecimal digits`),
    ),
  );
const webUrl = v.pipe(
  v.string(),
  v.check((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ''), 'must be an http or https URL'),
);

const variables = v.object({
  PORT: v.optional(
    v.pipe(
      v.string(),
      v.check(
        (text) => /^\d{1,5}$/.test(text) && Number(text) <= MAX_PORT,
        `must be a port from 0 to ${MAX_PORT}`,
      ),
    ),
  ),
  TWILIO_ACCOUNT_SID: sid('AC'),
  TWILIO_API_KEY: sid('SK'),
  STUDIO_BASE_URL: v.optional(webUrl),
  AWS_ENDPOINT_URL: v.optional(webUrl),
  ...Object.fromEntries(SERVICES.map((service) => [`AWS_ENDPOINT_URL_${service}`, v.optional(webUrl)])),
});

/** Passed on to the functions if one of their services is not a stand-in of this run. */
const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION'];

/**
 * Reads the settings. `STUDIO_CONFIG` goes before what `infra/config.ts` exports. Names every mistake at
 * once.
 */
export function readSettings(env: Env, fileConfig: unknown): ReadSettings {
  // Shells leave empty variables behind; they mean nothing.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const checked = validate(variables, given);
  const mistakes = checked.ok
    ? []
    : checked.mistakes.map(({ pointer, detail }) => `${pointer.slice('#/'.length)} ${detail}`);
  const config = readConfiguration(given['STUDIO_CONFIG'], fileConfig, mistakes);
  const studio = studioOf(given, mistakes);
  if (!checked.ok || !config || mistakes.length > 0) return { ok: false, mistakes };

  const endpoints = givenEndpoints(given);
  const named = (names: Record<string, string>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(names).flatMap(([key, name]) => (given[name] ? [[key, given[name]]] : [])),
    );
  return {
    ok: true,
    settings: {
      config,
      port: Number(given['PORT'] ?? DEFAULT_PORT),
      studio,
      endpoints,
      resources: named({
        secretId: 'STUDIO_SECRET_ID',
        table: 'STUDIO_TABLE',
        archiveBucket: 'STUDIO_ARCHIVE_BUCKET',
        cleanupFunction: 'STUDIO_CLEANUP_FUNCTION',
      }),
      variables:
        Object.keys(endpoints).length > 0
          ? named(Object.fromEntries(CREDENTIALS.map((name) => [name, name])))
          : {},
    },
  };
}

function readConfiguration(
  json: string | undefined,
  fileConfig: unknown,
  mistakes: string[],
): Config | undefined {
  try {
    return json === undefined ? checkConfig(fileConfig) : readConfig(json);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const where = json === undefined ? 'infra/config.ts' : 'STUDIO_CONFIG';
    mistakes.push(...error.mistakes.map(({ pointer, detail }) => `${where} ${pointer} ${detail}`));
    return undefined;
  }
}

/** Twilio's own Studio needs all three variables; another one takes the simulated account without them. */
function studioOf(given: Env, mistakes: string[]): Settings['studio'] {
  const {
    TWILIO_ACCOUNT_SID: accountSid,
    TWILIO_API_KEY: apiKeySid,
    TWILIO_API_SECRET: apiKeySecret,
    STUDIO_BASE_URL: baseUrl,
  } = given;
  if (accountSid && apiKeySid && apiKeySecret)
    return { account: { accountSid, apiKeySid, apiKeySecret }, ...(baseUrl && { baseUrl }) };
  const missing = ACCOUNT.filter((name) => !given[name]);
  if (missing.length < ACCOUNT.length)
    mistakes.push(...missing.map((name) => `${name} is missing beside the other two of a Twilio account`));
  return baseUrl ? { account: SIMULATED_ACCOUNT, baseUrl } : null;
}
