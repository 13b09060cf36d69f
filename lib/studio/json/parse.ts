import * as v from 'valibot';
import {
  executionContextSchema,
  executionSchema,
  flowSchema,
  stepContextSchema,
  stepSchema,
  testUsersSchema,
  type Validity,
} from '../types.ts';

/** Reads a resource under Studio's own names. Returns undefined for a body that is none. */
export type Parser<T> = (body: unknown) => T | undefined;

export type Fields = Record<string, unknown>;

export function fieldsOf(body: unknown): Fields | undefined {
  return isFields(body) ? body : undefined;
}

function isFields(body: unknown): body is Fields {
  return typeof body === 'object' && body !== null && !Array.isArray(body) && !JSON.isRawJSON(body);
}

/** Studio's names are those of the schema in snake_case. */
function parserOf<Schema extends v.ObjectSchema<v.ObjectEntries, undefined>>(
  schema: Schema,
): Parser<v.InferOutput<Schema>> {
  const names = Object.keys(schema.entries).map((ours) => ({
    ours,
    theirs: ours.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  }));
  return (body) => {
    const fields = fieldsOf(body);
    if (!fields) return undefined;
    const renamed: Fields = {};
    for (const { ours, theirs } of names) if (theirs in fields) renamed[ours] = fields[theirs];
    const { success, output } = v.safeParse(schema, renamed);
    return success ? output : undefined;
  };
}

export const parseExecution = parserOf(executionSchema);
export const parseStep = parserOf(stepSchema);
export const parseExecutionContext = contextOnly(parserOf(executionContextSchema));
export const parseStepContext = contextOnly(parserOf(stepContextSchema));
export const parseTestUsers = parserOf(testUsersSchema);

const parseV2Flow = parserOf(flowSchema);
/** v1 says `version` for `revision`. */
export const parseFlow: typeof parseV2Flow = (body) => {
  const fields = fieldsOf(body);
  return parseV2Flow(fields && { revision: fields['version'], ...fields });
};

/** A context has no SID of its own: it must have a context, or the SID of its execution. */
function contextOnly<T>(parse: Parser<T>): Parser<T> {
  return (body) => {
    const fields = fieldsOf(body) ?? {};
    return 'context' in fields || typeof fields['execution_sid'] === 'string' ? parse(body) : undefined;
  };
}

export const parseValidity: Parser<Validity> = (body) => {
  const valid = fieldsOf(body)?.['valid'];
  return typeof valid === 'boolean' ? { valid, errors: [] } : undefined;
};

/** Accepts only an empty body: a response with a body does not confirm a delete. */
export const parseNothing: Parser<true> = (body) => (body === undefined ? true : undefined);
