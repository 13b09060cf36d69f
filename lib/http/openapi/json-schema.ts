import {
  type ConversionConfig,
  type JsonSchema,
  toJsonSchema,
  toJsonSchemaDefs,
} from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { answers } from '../schemas/answers.ts';

export type Descriptions = Readonly<Record<string, string>>;

const conversion: ConversionConfig = {
  typeMode: 'input',
  target: 'draft-2020-12',
  // What a check by function expects is in the schema's metadata or in a description.
  errorMode: 'ignore',
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
};

export const answerSchemas: Readonly<Record<string, JsonSchema>> = toJsonSchemaDefs(answers, conversion);

/** The JSON Schema of what a schema accepts. */
export function jsonSchemaOf(schema: v.GenericSchema): JsonSchema {
  const { $schema: _, ...converted } = toJsonSchema(schema, conversion);
  return converted;
}

/** What a request body may be. An optional member may be null, which means that it is absent. */
export function bodySchema(schema: v.GenericSchema, descriptions: Descriptions): JsonSchema {
  const { properties = {}, required = [], ...rest } = jsonSchemaOf(schema);
  const members = Object.entries(properties).map(([name, property]) => {
    const { default: preset } = Object(property);
    const isSaid = required.includes(name) || preset === null;
    const schema = isSaid ? property : { default: preset, anyOf: [property, { type: 'null' }] };
    return [name, Object.assign({ description: descriptions[name] }, schema)];
  });
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
