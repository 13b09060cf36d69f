import type { Execution, ExecutionContext, Flow, Step, StepContext, TestUsers, Validity } from '../types.ts';
import { plainNumber } from './json.ts';

/**
 * From Studio's snake_case to the names in types.ts. Tolerant: a missing, null or wrongly typed field is
 * null and an unknown one is left out. Only what is no object, or a resource without its SID, is refused,
 * with undefined, which the caller turns into 'nonsense'.
 */
export type Parser<T> = (body: unknown) => T | undefined;

type Fields = Record<string, unknown>;

export function fieldsOf(body: unknown): Fields | undefined {
  return isFields(body) ? body : undefined;
}

function isFields(body: unknown): body is Fields {
  return typeof body === 'object' && body !== null && !Array.isArray(body) && !JSON.isRawJSON(body);
}

/** Wraps a reader of one resource: it is only asked when there is an object with a SID. */
function resource<T>(read: (fields: Fields, sid: string) => T): Parser<T> {
  return (body) => {
    const fields = fieldsOf(body);
    const sid = fields && text(fields['sid']);
    return fields && sid ? read(fields, sid) : undefined;
  };
}

export const parseExecution: Parser<Execution> = resource((fields, sid) => ({
  sid,
  accountSid: text(fields['account_sid']),
  flowSid: text(fields['flow_sid']),
  contactChannelAddress: text(fields['contact_channel_address']),
  contactSid: text(fields['contact_sid']),
  flowVersion: integer(fields['flow_version']),
  status: oneOf(['active', 'ended'], fields['status']),
  dateCreated: date(fields['date_created']),
  dateUpdated: date(fields['date_updated']),
  initiatedBy: text(fields['initiated_by']),
  url: text(fields['url']),
}));

export const parseStep: Parser<Step> = resource((fields, sid) => ({
  sid,
  accountSid: text(fields['account_sid']),
  flowSid: text(fields['flow_sid']),
  executionSid: text(fields['execution_sid']),
  parentStepSid: text(fields['parent_step_sid']),
  name: text(fields['name']),
  context: fields['context'] ?? null,
  transitionedFrom: text(fields['transitioned_from']),
  transitionedTo: text(fields['transitioned_to']),
  type: text(fields['type']),
  dateCreated: date(fields['date_created']),
  dateUpdated: date(fields['date_updated']),
  url: text(fields['url']),
}));

/** Flows and their revisions; v1 says `version` where v2 says `revision`. */
export const parseFlow: Parser<Flow> = resource((fields, sid) => ({
  sid,
  accountSid: text(fields['account_sid']),
  authorSid: text(fields['author_sid']),
  friendlyName: text(fields['friendly_name']),
  definition: fields['definition'] ?? null,
  status: oneOf(['draft', 'published'], fields['status']),
  revision: integer(fields['revision'] ?? fields['version']),
  commitMessage: text(fields['commit_message']),
  valid: typeof fields['valid'] === 'boolean' ? fields['valid'] : null,
  errors: Array.isArray(fields['errors']) ? fields['errors'] : null,
  warnings: Array.isArray(fields['warnings']) ? fields['warnings'] : null,
  dateCreated: date(fields['date_created']),
  dateUpdated: date(fields['date_updated']),
  webhookUrl: text(fields['webhook_url']),
  url: text(fields['url']),
}));

/** A context has no SID of its own: it is known by naming its execution, or by having a context at all. */
export const parseExecutionContext: Parser<ExecutionContext> = (body) => {
  const fields = fieldsOf(body);
  if (!fields || !('context' in fields || text(fields['execution_sid']))) return undefined;
  return {
    accountSid: text(fields['account_sid']),
    context: fields['context'] ?? null,
    executionSid: text(fields['execution_sid']),
    flowSid: text(fields['flow_sid']),
    url: text(fields['url']),
  };
};

export const parseStepContext: Parser<StepContext> = (body) => {
  const context = parseExecutionContext(body);
  return context && { ...context, stepSid: text(fieldsOf(body)?.['step_sid']) };
};

export const parseValidity: Parser<Validity> = (body) => {
  const valid = fieldsOf(body)?.['valid'];
  return typeof valid === 'boolean' ? { valid, errors: [] } : undefined;
};

export const parseTestUsers: Parser<TestUsers> = resource((fields, sid) => ({
  sid,
  testUsers: Array.isArray(fields['test_users'])
    ? fields['test_users'].filter((one): one is string => typeof one === 'string')
    : [],
  url: text(fields['url']),
}));

/** Accepts only an empty body: an answer with a body does not confirm a delete. */
export const parseNothing: Parser<true> = (body) => (body === undefined ? true : undefined);

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/;

/** Studio's dates are UTC, and say so. Where one does not, JavaScript would take it for this machine's time. */
function date(value: unknown): string | null {
  const told = text(value);
  return told !== null && WITHOUT_ZONE.test(told) ? `${told.replace(' ', 'T')}Z` : told;
}

function integer(value: unknown): number | null {
  const number = plainNumber(value);
  return typeof number === 'number' && Number.isInteger(number) ? number : null;
}

function oneOf<const T extends string>(known: readonly T[], value: unknown): T | null {
  return known.find((one) => one === value) ?? null;
}
