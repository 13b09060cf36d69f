import * as v from 'valibot';
import { type Config, ConfigError, checkConfig, readConfig } from '../../lib/config/configuration.ts';
import { type Mistake, validate } from '../../lib/config/validation.ts';
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

export type ReadSettings = { ok: true; settings: Settings } | { ok: false; mistakes: string[] };

type Env = Record<string, string | undefined>;

const DEFAULT_PORT = 3_000;
const MAX_PORT = 65_535;

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
      v.transform(Number),
    ),
  ),
  TWILIO_ACCOUNT_SID: sid('AC'),
  TWILIO_API_KEY: sid('SK'),
  TWILIO_API_SECRET: v.optional(v.string()),
  STUDIO_BASE_URL: v.optional(webUrl),
  STUDIO_CONFIG: v.optional(v.string()),
  STUDIO_SECRET_ID: v.optional(v.string()),
  STUDIO_TABLE: v.optional(v.string()),
  STUDIO_ARCHIVE_BUCKET: v.optional(v.string()),
  STUDIO_CLEANUP_FUNCTION: v.optional(v.string()),
  AWS_ENDPOINT_URL: v.optional(webUrl),
  ...Object.fromEntries(SERVICES.map((service) => [`AWS_ENDPOINT_URL_${service}`, v.optional(webUrl)])),
});

/** Handed on to the functions when one of their services is not a stand-in of this run. */
const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION'];

/** `fileConfig` is what `infra/config.ts` exports; `STUDIO_CONFIG` goes before it. Names every mistake at once. */
export function readSettings(env: Env, fileConfig: unknown): ReadSettings {
  // Shells leave empty variables behind; they mean nothing.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const checked = validate(variables, given);
  const mistakes = checked.ok ? [] : checked.mistakes.map(asVariable);
  const config = readConfiguration(given['STUDIO_CONFIG'], fileConfig, mistakes);
  const studio = studioOf(given, mistakes);
  if (!checked.ok || !config || studio === undefined || mistakes.length > 0) return { ok: false, mistakes };

  const { PORT, STUDIO_SECRET_ID, STUDIO_TABLE, STUDIO_ARCHIVE_BUCKET, STUDIO_CLEANUP_FUNCTION } =
    checked.value;
  const endpoints = givenEndpoints(given);
  const handedOn = Object.keys(endpoints).length > 0 ? CREDENTIALS : [];
  return {
    ok: true,
    settings: {
      config,
      port: PORT ?? DEFAULT_PORT,
      studio,
      endpoints,
      resources: {
        ...(STUDIO_SECRET_ID && { secretId: STUDIO_SECRET_ID }),
        ...(STUDIO_TABLE && { table: STUDIO_TABLE }),
        ...(STUDIO_ARCHIVE_BUCKET && { archiveBucket: STUDIO_ARCHIVE_BUCKET }),
        ...(STUDIO_CLEANUP_FUNCTION && { cleanupFunction: STUDIO_CLEANUP_FUNCTION }),
      },
      variables: Object.fromEntries(handedOn.flatMap((name) => (given[name] ? [[name, given[name]]] : []))),
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
function studioOf(given: Env, mistakes: string[]): Settings['studio'] | undefined {
  const names = ['TWILIO_ACCOUNT_SID', 'TWILIO_API_KEY', 'TWILIO_API_SECRET'] as const;
  const missing = names.filter((name) => !given[name]);
  const baseUrl = given['STUDIO_BASE_URL'];
  const [accountSid, apiKeySid, apiKeySecret] = names.map((name) => given[name] ?? '');
  if (missing.length === 0)
    return {
      account: { accountSid: accountSid ?? '', apiKeySid: apiKeySid ?? '', apiKeySecret: apiKeySecret ?? '' },
      ...(baseUrl && { baseUrl }),
    };
  if (missing.length < names.length) {
    mistakes.push(...missing.map((name) => `${name} is missing beside the other two of a Twilio account`));
    return undefined;
  }
  return baseUrl ? { account: SIMULATED_ACCOUNT, baseUrl } : null;
}

function asVariable({ pointer, detail }: Mistake): string {
  return `${pointer.slice('#/'.length)} ${detail}`;
}
