import {
  type ConversionConfig,
  type JsonSchema,
  toJsonSchema,
  toJsonSchemaDefs,
} from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { answers } from '../schemas/answers.ts';
import { contactsUnion } from '../schemas/purge.ts';

export type Descriptions = Readonly<Record<string, string>>;

const conversion: ConversionConfig = {
  typeMode: 'input',
  target: 'draft-2020-12',
  // What a check by function expects is in the schema's metadata or in a description.
  errorMode: 'ignore',
  overrideSchema({ valibotSchema, jsonSchema }) {
    if (valibotSchema.type === 'lazy') return jsonSchemaOf(contactsUnion);
    if (valibotSchema.type === 'literal') return { type: 'string', ...jsonSchema };
    const { anyOf: [wrapped = {}] = [], ...more } = jsonSchema;
    if (valibotSchema.type === 'nullable') return Object.assign(more, orNull(wrapped));
    // `bodySchema` adds the null.
    return valibotSchema.type === 'nullish' ? Object.assign(more, wrapped) : undefined;
  },
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
};

export const answerSchemas: Readonly<Record<string, JsonSchema>> = toJsonSchemaDefs(answers, conversion);

/** The JSON Schema of what a schema accepts. */
export function jsonSchemaOf(schema: v.GenericSchema): JsonSchema {
  const { $schema: _, $defs: __, ...converted } = toJsonSchema(schema, conversion);
  return converted;
}

/** What a request body may be. An optional member may be null, which means that it is absent. */
export function bodySchema(schema: v.GenericSchema, descriptions: Descriptions): JsonSchema {
  const { properties = {}, required = [], ...rest } = jsonSchemaOf(schema);
  const members = Object.entries(properties).map(([name, property]) => [
    name,
    Object.assign({ description: descriptions[name] }, required.includes(name) ? property : orNull(property)),
  ]);
  return { ...rest, required, properties: Object.fromEntries(members) };
}

/** The query parameters of a route, in the order of their schema. */
export function queryParameters(schema: v.GenericSchema, descriptions: Descriptions) {
  return Object.entries(jsonSchemaOf(schema).properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: false,
    description: descriptions[name],
    schema: property,
  }));
}

function orNull(schema: JsonSchema | boolean): JsonSchema | boolean {
  if (typeof schema === 'boolean') return schema;
  const { const: constant, ...rest } = schema;
  const { type, enum: values = constant && [constant], anyOf } = rest;
  return {
    ...rest,
    ...(typeof type === 'string' && { type: [type, 'null'] }),
    ...(values && { enum: [...values, null] }),
    ...(anyOf && { anyOf: [...anyOf, { type: 'null' }] }),
  };
}

/** An example made of the examples of its parts; null where a part may be null and has none. */
export function exampleOf(schema: JsonSchema | boolean | undefined): unknown {
  if (typeof schema !== 'object') return undefined;
  const { $ref, examples, const: constant, enum: values, type, properties, items } = schema;
  if ($ref) return exampleOf(answerSchemas[$ref.split('/').at(-1) ?? '']);
  const [own] = examples ?? values ?? [constant];
  if (own !== undefined) return own;
  if (properties)
    return Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, exampleOf(part)]));
  if (items && !Array.isArray(items)) return [exampleOf(items)];
  return Array.isArray(type) ? null : undefined;
}
