import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { contactsUnion } from '../schemas/purge.ts';

export type Descriptions = Readonly<Record<string, string>>;

const conversion: ConversionConfig = {
  typeMode: 'input',
  target: 'draft-2020-12',
  // What a check by function expects is in the schema's metadata or in a description.
  errorMode: 'ignore',
  overrideSchema({ valibotSchema, jsonSchema }) {
    if (valibotSchema.type === 'lazy') return jsonSchemaOf(contactsUnion);
    // `bodySchema` adds the null.
    const { anyOf: [wrapped] = [], ...more } = jsonSchema;
    return valibotSchema.type === 'nullish' ? Object.assign(more, wrapped) : undefined;
  },
};

function jsonSchemaOf(schema: v.GenericSchema): JsonSchema {
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
  const { type, enum: values, anyOf } = schema;
  return {
    ...schema,
    ...(typeof type === 'string' && { type: [type, 'null'] }),
    ...(values && { enum: [...values, null] }),
    ...(anyOf && { anyOf: [...anyOf, { type: 'null' }] }),
  };
}
