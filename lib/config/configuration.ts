import * as v from 'valibot';
import { isSender, SENDER_RULE } from '../studio/addresses.ts';
import { parseDuration } from './duration.ts';
import { oddityIn } from './json-oddity.ts';
import { type Mistake, validate, withoutByteOrderMark } from './validation.ts';

/**
 * The configuration: what `infra/config.ts` exports and what the bundles read from `STUDIO_CONFIG`.
 * Checked at synth and again at cold start; every mistake is reported at once.
 */

export const SCOPES = ['trigger', 'read', 'read:personal', 'end', 'purge'] as const;
export type Scope = (typeof SCOPES)[number];

/** `what`: such as `a flow SID`. */
export const sidOf = (prefix: string, what: string) =>
  v.pipe(
    v.string(),
    v.regex(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`), `must be ${what}: ${prefix} and 32 hexadecimal digits`),
  );

const alias = v.pipe(
  v.string(),
  v.regex(
    /^(?!all$|FW[0-9a-fA-F]{32}$)[A-Za-z][A-Za-z0-9_-]{0,39}$/,
    'must be 1 to 40 letters, digits, dashes and underscores, a letter first, and not "all"',
  ),
);

export const sender = v.pipe(v.string(), v.check(isSender, SENDER_RULE));

export const duration = v.pipe(
  v.string(),
  v.check((text) => parseDuration(text) !== undefined, 'must be an ISO 8601 duration, such as P7D or PT12H'),
);

const hasScope = v.minLength<Scope[], 1, string>(1, 'must name at least one scope');
const triggerOnly = v.check<Scope, string>(
  (scope) => scope === 'trigger',
  'must be "trigger": a signed request may do nothing else',
);

const flow = v.strictObject({
  alias,
  sid: sidOf('FW', 'a flow SID'),
  /** The sender when a trigger names none. */
  from: v.optional(sender),
  /** What a trigger does when the contact already has an active execution. */
  onConflict: v.optional(v.picklist(['fail', 'return', 'replace']), 'fail'),
  /** Whether creates carry the correlation value that finds them again after a lost answer. */
  correlation: v.optional(v.boolean(), true),
});

const policy = v.strictObject({
  name: alias,
  flows: v.optional(v.union([v.literal('all'), v.pipe(v.array(alias), v.minLength(1))]), 'all'),
  status: v.optional(v.picklist(['ended', 'active', 'any']), 'ended'),
  olderThan: duration,
  action: v.optional(v.picklist(['delete', 'end']), 'delete'),
  archive: v.optional(v.boolean(), false),
});

export const webUrl = v.pipe(
  v.string(),
  v.check((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'must be an http or https URL'),
);

const part = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{1,30}$/, 'must be a name such as sydney or au1'));

const configSchema = v.pipe(
  v.strictObject({
    flows: v.pipe(v.array(flow), v.minLength(1, 'must list at least one flow')),
    policies: v.optional(v.array(policy), []),
    /** Where callers reach the API; the base of X-Twilio-Signature. */
    publicUrl: v.optional(webUrl),
    edge: v.optional(part),
    region: v.optional(part),
    twilioWebhooks: v.optional(
      v.strictObject({
        /** Only `trigger`: a captured signature must not authorise any other operation. */
        scopes: v.pipe(v.array(v.pipe(v.picklist(SCOPES), triggerOnly)), hasScope),
        /** Aliases or SIDs; every configured flow when left out. */
        flows: v.optional(v.pipe(v.array(v.string()), v.minLength(1, 'must name at least one flow'))),
        /**
         * Whether a signed request may trigger again under another key header, which the signature does not
         * cover.
         */
        allowRepeats: v.optional(v.boolean(), false),
      }),
    ),
    corsOrigins: v.optional(v.array(v.union([v.literal('*'), webUrl])), []),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const add = (message: string, ...path: (string | number)[]) =>
      addIssue({ message, path: path.map((key) => pathItem(dataset.value, key)) as [v.IssuePathItem] });
    const { flows, policies, edge, region } = dataset.value;
    for (const [index, one] of flows.entries()) {
      if (flows.findIndex((other) => other.alias === one.alias) < index)
        add('is the alias of another flow already', 'flows', index, 'alias');
      if (flows.findIndex((other) => other.sid === one.sid) < index)
        add('is listed already', 'flows', index, 'sid');
    }
    for (const [index, one] of policies.entries()) {
      if (policies.findIndex((other) => other.name === one.name) < index)
        add('is the name of another policy already', 'policies', index, 'name');
      if (one.flows === 'all') continue;
      for (const [at, name] of one.flows.entries())
        if (!flows.some((other) => other.alias === name))
          add('is not the alias of a configured flow', 'policies', index, 'flows', at);
    }
    for (const [index, name] of (dataset.value.twilioWebhooks?.flows ?? []).entries())
      if (!findFlow(dataset.value, name)) add('is not a configured flow', 'twilioWebhooks', 'flows', index);
    const [given, other] = edge === undefined ? ['region', 'edge'] : ['edge', 'region'];
    if ((edge === undefined) !== (region === undefined))
      add(`goes with ${other}: give both or neither`, given);
  }),
);

function pathItem(input: unknown, key: string | number): v.IssuePathItem {
  return { type: 'unknown', origin: 'value', input, key, value: undefined };
}

/** What a user writes: defaults may be left out. */
export type ConfigInput = v.InferInput<typeof configSchema>;
/** What the code reads: defaults filled in. */
export type Config = v.InferOutput<typeof configSchema>;
export type ConfiguredFlow = Config['flows'][number];
export type Policy = Config['policies'][number];

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: Mistake[];

  constructor(what: string, mistakes: Mistake[]) {
    super(`${what}: ${mistakes.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ')}`);
    this.mistakes = mistakes;
  }
}

/** Fills in the defaults. Throws a ConfigError that names every mistake with its path. */
export function checkConfig(input: unknown): Config {
  const result = validate(configSchema, input);
  if (!result.ok) throw new ConfigError('The configuration has mistakes', result.mistakes);
  return result.value;
}

/** Reads the JSON of `STUDIO_CONFIG`. Throws a ConfigError, also when it is missing or no JSON. */
export function readConfig(json: string | undefined): Config {
  const what = 'STUDIO_CONFIG';
  if (!json) throw new ConfigError(what, [{ pointer: '#', detail: 'is missing' }]);
  const input = parseWritten(what, json);
  refuseRepeatedNames(what, json);
  return checkConfig(input);
}

/**
 * Parses JSON that an operator writes: a byte order mark is skipped, and a member that is null is absent.
 * Throws a ConfigError.
 */
export function parseWritten(what: string, json: string): unknown {
  try {
    return JSON.parse(withoutByteOrderMark(json), (_name, value: unknown) => value ?? undefined);
  } catch {
    throw new ConfigError(what, [{ pointer: '#', detail: 'is not JSON' }]);
  }
}

/** Throws a ConfigError if an object repeats a name: JSON.parse would keep only the last value. */
export function refuseRepeatedNames(what: string, json: string): void {
  if (oddityIn(json))
    throw new ConfigError(what, [{ pointer: '#', detail: 'has a name twice in one object' }]);
}

/** The configured flow with this alias or SID. */
export function findFlow({ flows }: Pick<Config, 'flows'>, aliasOrSid: string): ConfiguredFlow | undefined {
  return flows.find((one) => one.alias === aliasOrSid || one.sid === aliasOrSid);
}
