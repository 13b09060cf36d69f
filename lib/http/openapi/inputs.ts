import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { duration, sender } from '../../config/configuration.ts';
import { MAX_ADDRESS_CHARACTERS } from '../../studio/addresses.ts';
import { contact, moment, recipient } from '../schemas/common.ts';
import { contacts, MAX_CONTACTS } from '../schemas/purge.ts';
import {
  contactFilter,
  cursor,
  DEFAULT_LIMIT,
  limit,
  MAX_CURSOR_CHARACTERS,
  MAX_LIMIT,
} from '../schemas/query.ts';
import { parameters } from '../schemas/trigger.ts';

const address = { type: 'string', minLength: 1, maxLength: MAX_ADDRESS_CHARACTERS } as const;
const numberOrChannel = '\\+[1-9][0-9]{6,14}|[a-z][a-z0-9._-]*:\\S+';
const contactSchema: JsonSchema = {
  ...address,
  pattern: '^\\S(.*\\S)?$',
  examples: ['+15005550006', 'whatsapp:+15005550006'],
};

/** What a schema says by a function, which no converter can read. */
const overrides = new Map<unknown, JsonSchema>([
  [
    recipient,
    { ...address, pattern: `^(${numberOrChannel})$`, examples: ['+15005550006', 'whatsapp:+15005550006'] },
  ],
  [
    sender,
    {
      ...address,
      pattern: `^(${numberOrChannel}|MG[0-9a-fA-F]{32}|[0-9]{3,8})$`,
      examples: ['+15017122661', 'MG0123456789abcdef0123456789abcdef', '12345'],
    },
  ],
  [contact, contactSchema],
  [contactFilter, contactSchema],
  [
    contacts,
    {
      anyOf: [
        contactSchema,
        { type: 'array', items: contactSchema, minItems: 1, maxItems: MAX_CONTACTS, uniqueItems: true },
      ],
    },
  ],
  [duration, { type: 'string', pattern: '^P', examples: ['P7D', 'PT12H'] }],
  [
    moment,
    {
      type: 'string',
      pattern: '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:\\d\\d))?$',
      examples: ['2026-11-22T10:00:00Z'],
    },
  ],
  [parameters, { type: 'object', additionalProperties: true }],
  [limit, { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }],
  [cursor, { type: 'string', minLength: 1, maxLength: MAX_CURSOR_CHARACTERS }],
]);

/** The JSON Schema of what an object's schema takes: the one that validates is the one that is documented. */
export function inputSchema(
  schema: v.GenericSchema,
  descriptions: Readonly<Record<string, string>> = {},
): JsonSchema {
  const {
    $schema: _,
    $defs: __,
    ...converted
  } = toJsonSchema(schema, {
    typeMode: 'input',
    target: 'draft-2020-12',
    // Checks by function are described in `overrides` or in the descriptions.
    errorMode: 'ignore',
  });
  const properties = Object.entries(converted.properties ?? {}).map(([name, property]) => [
    name,
    described(overrideOf(entryOf(schema, name)) ?? property, descriptions[name]),
  ]);
  return { ...converted, properties: Object.fromEntries(properties) };
}

/** Like `inputSchema`, but for a body, where null means that an optional member is absent. */
export function bodySchema(
  schema: v.GenericSchema,
  descriptions: Readonly<Record<string, string>>,
): JsonSchema {
  const { properties = {}, required = [], ...rest } = inputSchema(schema, descriptions);
  const members = Object.entries(properties).map(([name, property]) => [
    name,
    required.includes(name) ? property : orNull(property),
  ]);
  return { ...rest, required, properties: Object.fromEntries(members) };
}

function orNull(schema: JsonSchema | boolean): JsonSchema | boolean {
  if (typeof schema === 'boolean') return schema;
  const { type, enum: values, anyOf } = schema;
  if (anyOf?.some((one) => typeof one === 'object' && one.type === 'null')) return schema;
  return {
    ...schema,
    ...(typeof type === 'string' && { type: [type, 'null'] }),
    ...(values && { enum: [...values, null] }),
    ...(anyOf && { anyOf: [...anyOf, { type: 'null' }] }),
  };
}

function described(schema: unknown, description: string | undefined): unknown {
  return description === undefined || typeof schema !== 'object' ? schema : { description, ...schema };
}

function entryOf(schema: object, name: string): unknown {
  const entries = 'entries' in schema ? schema.entries : undefined;
  return typeof entries === 'object' && entries !== null && name in entries
    ? Object.entries(entries).find(([key]) => key === name)?.[1]
    : undefined;
}

/** Looks through `optional` and `nullable`, of which the latter is kept. */
function overrideOf(entry: unknown): JsonSchema | undefined {
  const override = overrides.get(entry);
  if (override || typeof entry !== 'object' || entry === null || !('wrapped' in entry)) return override;
  const inner = overrideOf(entry.wrapped);
  const isNullable = 'type' in entry && entry.type === 'nullable';
  return inner && isNullable ? { anyOf: [inner, { type: 'null' }] } : inner;
}

/** The query parameters of a route, in the order of their schema. */
export function queryParameters(
  schema: v.GenericSchema,
  descriptions: Readonly<Record<string, string>>,
): Record<string, unknown>[] {
  const { properties = {} } = inputSchema(schema);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: 'query',
    required: false,
    description: descriptions[name] ?? '',
    schema: property,
  }));
}
