/** JSON Schemas of what is answered, by their name under `#/components/schemas`. */

type Schema = Readonly<Record<string, unknown>>;

const nullable = (type: string, more: Schema = {}): Schema => ({ type: [type, 'null'], ...more });
const text = nullable('string');
const time = nullable('string', { description: 'ISO 8601 in UTC.' });
/** Of this service's own making, and so surely readable; Studio's are handed on as they come. */
const ownTime: Schema = { type: 'string', format: 'date-time' };
const maybeOwnTime: Schema = { ...ownTime, type: ['string', 'null'] };
const sid = (prefix: string): Schema => ({ type: 'string', pattern: `^${prefix}[0-9a-fA-F]{32}$` });
const maybeSid = (prefix: string): Schema => ({ ...sid(prefix), type: ['string', 'null'] });

function object(properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  return { type: 'object', required: Object.keys(properties), properties, ...more };
}

const nextCursor = nullable('string', {
  description:
    'To be sent as `cursor` for what follows; null at the end. A page before the end may be empty.',
});

const listOf = (name: string, item: string): Schema =>
  object({ [name]: { type: 'array', items: { $ref: `#/components/schemas/${item}` } }, nextCursor });

const count: Schema = { type: 'integer', minimum: 0 };

const flowProperties = {
  alias: { type: 'string', description: 'The name that the configuration gives it.' },
  sid: sid('FW'),
  isKnown: { type: 'boolean', description: 'Whether Studio knows it. If not, the rest is null.' },
  accountSid: maybeSid('AC'),
  friendlyName: text,
  status: nullable('string', { enum: ['draft', 'published', null] }),
  revision: nullable('integer'),
  commitMessage: text,
  valid: nullable('boolean'),
  dateCreated: time,
  dateUpdated: time,
  url: text,
} as const;

export const answerSchemas = {
  Execution: object({
    sid: sid('FN'),
    accountSid: maybeSid('AC'),
    flowSid: maybeSid('FW'),
    flow: nullable('string', { description: 'The alias of its flow.' }),
    status: nullable('string', { enum: ['active', 'ended', null] }),
    contactChannelAddress: nullable('string', { description: 'Personal data: the address of the contact.' }),
    contactSid: text,
    flowVersion: nullable('integer'),
    dateCreated: time,
    dateUpdated: time,
    initiatedBy: text,
    url: text,
  }),
  Executions: listOf('executions', 'Execution'),
  ExecutionContext: object(
    {
      executionSid: maybeSid('FN'),
      flowSid: maybeSid('FW'),
      accountSid: maybeSid('AC'),
      context: { description: 'Personal data: messages, addresses, places, as Studio has them.' },
      url: text,
    },
    { description: 'What an execution knows of its contact and its run.' },
  ),
  StepContext: object({
    executionSid: maybeSid('FN'),
    stepSid: maybeSid('FT'),
    flowSid: maybeSid('FW'),
    accountSid: maybeSid('AC'),
    context: { description: 'Personal data: messages, addresses, places, as Studio has them.' },
    url: text,
  }),
  Step: object({
    sid: sid('FT'),
    accountSid: maybeSid('AC'),
    flowSid: maybeSid('FW'),
    executionSid: maybeSid('FN'),
    parentStepSid: maybeSid('FT'),
    name: text,
    type: text,
    transitionedFrom: text,
    transitionedTo: text,
    dateCreated: time,
    dateUpdated: time,
    url: text,
  }),
  Steps: listOf('steps', 'Step'),
  FlowSummary: object(flowProperties),
  Flows: listOf('flows', 'FlowSummary'),
  Flow: object({
    ...flowProperties,
    definition: { description: 'The widgets and their transitions, as Studio has them.' },
    errors: { type: ['array', 'null'], items: {} },
    warnings: { type: ['array', 'null'], items: {} },
  }),
  Triggered: object({
    outcome: { type: 'string', enum: ['created', 'existing', 'replaced'] },
    execution: { $ref: '#/components/schemas/Execution' },
  }),
  Ended: object({
    outcome: { type: 'string', enum: ['ended', 'already-ended'] },
    execution: { $ref: '#/components/schemas/Execution' },
  }),
  Deleted: object({ outcome: { type: 'string', enum: ['deleted', 'already-gone'] }, sid: sid('FN') }),
  Purge: object({
    id: { type: 'string' },
    request: object(
      {
        flows: {
          anyOf: [
            { type: 'string', const: 'all' },
            { type: 'array', items: { type: 'string' } },
          ],
        },
        status: { type: 'string', enum: ['ended', 'active', 'any'] },
        olderThan: text,
        dateCreatedFrom: maybeOwnTime,
        dateCreatedTo: maybeOwnTime,
        contact: {
          type: ['string', 'array', 'null'],
          items: { type: 'string' },
          description: 'A keyed hash of the address; a list of hashes if the request had a list.',
        },
        action: { type: 'string', enum: ['delete', 'end'] },
        archive: { type: 'boolean' },
        limit: nullable('integer'),
        dryRun: { type: 'boolean' },
      },
      { description: 'What was asked for, with its defaults.' },
    ),
    requestedBy: { type: 'string', description: 'The caller, or the policy that the schedule ran.' },
    policy: nullable('string', { description: 'The policy that this is a run of.' }),
    status: { type: 'string', enum: ['running', 'succeeded', 'stopped', 'failed'] },
    dateStarted: ownTime,
    dateUpdated: ownTime,
    dateEnded: maybeOwnTime,
    counts: object({
      listed: count,
      matched: count,
      archived: count,
      ended: count,
      deleted: count,
      alreadyGone: count,
      failed: count,
    }),
    activeMatched: nullable('integer', {
      description: 'Of a dry run: how many of the matched ones are active and would be ended first.',
    }),
    activeLeft: nullable('integer', {
      description:
        'How many active executions the contacts keep, for an erasure with the status `ended`; null otherwise.',
    }),
    contactMatching: nullable('string', {
      enum: ['exact', null],
      description:
        'Null without contacts. Each address is compared exactly, so `+1…` and `whatsapp:+1…` are two addresses.',
    }),
    window: object(
      { from: maybeOwnTime, to: ownTime },
      { description: 'The ages, resolved at the start: created on or after `from`, before `to`.' },
    ),
    digest: object(
      {
        algorithm: { type: 'string', const: 'sum-sha256' },
        count,
        value: { type: 'string', pattern: '^[0-9a-f]{64}$' },
      },
      { description: 'The sum of the SHA-256 of the SIDs that were acted on, modulo 2^256: evidence.' },
    ),
    failures: {
      type: 'array',
      description: 'The first 100; `GET /purges/{purge}/failures` names all of them.',
      items: object({ sid: { type: 'string' }, reason: { type: 'string' } }),
    },
    error: text,
  }),
  Purges: listOf('purges', 'Purge'),
  Failure: object({
    sid: sid('FN'),
    flow: nullable('string', { description: 'The alias of its flow.' }),
    dateCreated: maybeOwnTime,
    reason: {
      type: 'string',
      description: 'What was tried, the kind of error, and the code that Twilio gave it.',
    },
  }),
  Failures: listOf('failures', 'Failure'),
  Health: object({ status: { type: 'string', const: 'ok' } }),
  OpenApi: { type: 'object', description: 'This document.' },
  Problem: {
    type: 'object',
    description: 'A problem after RFC 9457.',
    required: ['type', 'title', 'status', 'detail', 'instance'],
    properties: {
      type: {
        type: 'string',
        format: 'uri-reference',
        description: 'What kind of problem it is: `/problems/<slug>`.',
      },
      title: { type: 'string' },
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: { type: 'string' },
      instance: { type: 'string', description: 'The id of the request, which the log has too.' },
      conflictingExecutionSid: nullable('string', {
        description:
          'For `active-execution-exists`: the SID of the active execution, if Studio reports it. Also null if the caller is restricted to some flows and the execution belongs to another flow.',
      }),
      errors: {
        type: 'array',
        description: 'Of `invalid-request`: every mistake.',
        items: object({
          detail: { type: 'string' },
          pointer: {
            type: 'string',
            description:
              'Where the mistake is: `#/to` in the body, `?status` in the query string. Leads to the parent (`#`, `?`, `#/parameters`) of a member whose name does not look like a name.',
          },
        }),
      },
      studio: object(
        { code: nullable('integer'), message: text, moreInfo: text },
        { description: 'Of `rejected-by-studio`: what Studio says of it.' },
      ),
    },
    additionalProperties: true,
  },
  GatewayRefusal: object(
    { message: text },
    { description: 'What API Gateway answers by itself, before this service is asked.' },
  ),
} as const satisfies Record<string, Schema>;

export type AnswerSchema = keyof typeof answerSchemas;
