import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as v from 'valibot';

/** Twilio's own OpenAPI documents of Studio, as its command line ships them, made readable for ajv. */
export type Version = 'v1' | 'v2';
export type Schema = Record<string, unknown>;

const schema = v.record(v.string(), v.unknown());
const media = v.object({ schema });
const operation = v.object({
  operationId: v.string(),
  parameters: v.optional(v.array(v.object({ name: v.string(), in: v.string(), schema })), []),
  requestBody: v.optional(
    v.object({ content: v.object({ 'application/x-www-form-urlencoded': v.optional(media) }) }),
  ),
  responses: v.record(
    v.string(),
    v.object({ content: v.optional(v.object({ 'application/json': v.optional(media) })) }),
  ),
});
const documentSchema = v.object({
  paths: v.record(v.string(), v.record(v.string(), v.unknown())),
  components: v.object({ schemas: v.record(v.string(), schema) }),
});

export type DocumentedOperation = v.InferOutput<typeof operation> & {
  version: Version;
  method: string;
  path: string;
};
export type StudioDocument = {
  operations: DocumentedOperation[];
  schemas: Record<string, Schema>;
  /** Where schemas stood that say `nullable` without a type: they accept anything now. */
  untyped: string[];
};

const METHODS = ['get', 'post', 'put', 'delete'];

export function readDocument(version: Version): StudioDocument {
  const file = createRequire(import.meta.url).resolve(
    `@twilio/cli-core/src/services/twilio-api/twilio_studio_${version}.json`,
  );
  const raw: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const untyped: string[] = [];
  const document = v.parse(documentSchema, convert(raw, version, '', untyped));
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, found]) => ({
        ...v.parse(operation, found),
        version,
        method: method.toUpperCase(),
        path,
      })),
  );
  return { operations, schemas: document.components.schemas, untyped };
}

/** OpenAPI 3.0 to JSON Schema: `nullable` becomes a type, references get the version's name before them. */
function convert(value: unknown, version: Version, at: string, untyped: string[]): unknown {
  if (Array.isArray(value))
    return value.map((item, index) => convert(item, version, `${at}/${index}`, untyped));
  if (typeof value !== 'object' || value === null) return value;
  const source = new Map(Object.entries(value));
  // The trap: ajv refuses `nullable` without `type`, or passes over the whole operation.
  if (source.get('nullable') === true && !source.has('type')) {
    untyped.push(at);
    return {};
  }
  const converted: Record<string, unknown> = {};
  for (const [key, member] of source)
    if (key !== 'nullable') converted[key] = convert(member, version, `${at}/${key}`, untyped);
  if (source.get('nullable') === true) converted['type'] = [source.get('type'), 'null'];
  const reference = source.get('$ref');
  if (typeof reference === 'string') converted['$ref'] = version + reference;
  if (source.get('format') === 'uri-map') {
    delete converted['format'];
    converted['additionalProperties'] = { type: 'string', format: 'uri' };
  }
  return converted;
}
