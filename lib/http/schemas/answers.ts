import * as v from 'valibot';
import { sidOf } from '../../config/configuration.ts';
import { purgeView } from '../../purge/record/view.ts';

/**
 * What this API answers. The types of the answers and the schemas of the OpenAPI document come from here;
 * answers are not parsed, so only the document loads these schemas.
 */

export const EXAMPLE_SIDS = {
  AC: `AC${'a'.repeat(32)}`,
  FW: `FW${'1'.repeat(32)}`,
  FN: 'FN8a66f34337e5d8f3876c8b34f95c0d2d',
  FT: 'FTe6b25a8e52f9994c9a04e146e1ec1811',
} as const;
type Prefix = keyof typeof EXAMPLE_SIDS;

const described = <S extends v.GenericSchema>(schema: S, description: string) =>
  v.pipe(schema, v.description<v.InferOutput<S>, string>(description));
const sid = (prefix: Prefix) => v.pipe(sidOf(prefix, 'a SID'), v.examples([EXAMPLE_SIDS[prefix]]));
const maybeSid = (prefix: Prefix) => v.nullable(sid(prefix));
const anyText = v.nullable(v.string());
const text = (example: string) => v.nullable(v.pipe(v.string(), v.examples([example])));
const whole = (example: number) => v.nullable(v.pipe(v.number(), v.integer(), v.examples([example])));
/** Times of Studio's are passed on as they are. */
const dateCreated = described(text('2026-11-22T12:22:38Z'), 'ISO 8601 in UTC.');
const dateUpdated = described(anyText, 'ISO 8601 in UTC.');

const url = v.nullable(v.pipe(v.string(), v.description('Of Twilio’s API.')));

const nextCursor = described(
  anyText,
  'To be sent as `cursor` for what follows; null at the end. A page before the end may be empty.',
);

const execution = v.object({
  sid: sid('FN'),
  accountSid: maybeSid('AC'),
  flowSid: maybeSid('FW'),
  flow: described(text('welcome'), 'The alias of its flow.'),
  status: v.nullable(v.picklist(['active', 'ended'])),
  contactChannelAddress: described(text('+15005550006'), 'Personal data: the address of the contact.'),
  contactSid: text('FC08ce95a6e69996f8db0ab0da83607c97'),
  flowVersion: whole(1),
  dateCreated,
  dateUpdated,
  initiatedBy: text('RQ049983fee6c981bc928d22f16df45283'),
  url,
});

const context = described(v.unknown(), 'Personal data: messages, addresses, places, as Studio has them.');

const executionContext = v.pipe(
  v.object({
    executionSid: maybeSid('FN'),
    flowSid: maybeSid('FW'),
    accountSid: maybeSid('AC'),
    context,
    url,
  }),
  v.description('What an execution knows of its contact and its run.'),
);

const stepContext = v.object({
  ...executionContext.entries,
  stepSid: maybeSid('FT'),
});

const step = v.object({
  sid: sid('FT'),
  accountSid: maybeSid('AC'),
  flowSid: maybeSid('FW'),
  executionSid: maybeSid('FN'),
  parentStepSid: v.nullable(sidOf('FT', 'a step SID')),
  name: text('success'),
  type: text('send-message'),
  transitionedFrom: text('send-message_1'),
  transitionedTo: text('split-based-on_2'),
  dateCreated,
  dateUpdated,
  url,
});

const isTrue = v.pipe(v.boolean(), v.examples([true]));

const flowSummary = v.object({
  alias: described(v.pipe(v.string(), v.examples(['welcome'])), 'The name that the configuration gives it.'),
  sid: sid('FW'),
  isKnown: described(isTrue, 'Whether Studio knows it. If not, the rest is null.'),
  accountSid: maybeSid('AC'),
  friendlyName: text('welcome'),
  status: v.nullable(v.picklist(['published', 'draft'])),
  revision: whole(1),
  commitMessage: anyText,
  valid: v.nullable(isTrue),
  dateCreated,
  dateUpdated,
  url,
});

const notes = v.nullable(v.pipe(v.array(v.unknown()), v.examples([[]])));

const flow = v.object({
  ...flowSummary.entries,
  definition: described(v.unknown(), 'The widgets and their transitions, as Studio has them.'),
  errors: notes,
  warnings: notes,
});

const withExecution = <const Outcomes extends readonly string[]>(outcomes: Outcomes) =>
  v.object({ outcome: v.picklist(outcomes), execution });

const failure = v.object({
  sid: sid('FN'),
  flow: described(text('welcome'), 'The alias of its flow.'),
  dateCreated: v.nullable(v.pipe(v.string(), v.isoTimestamp(), v.examples(['2026-11-22T12:22:38Z']))),
  reason: described(
    v.string(),
    'What was tried, the kind of error, and the code that Twilio gave it: `delete: rejected (20001)`.',
  ),
});

const problem = v.pipe(
  v.looseObject({
    type: described(
      v.pipe(v.string(), v.metadata({ format: 'uri-reference' })),
      'What kind of problem it is: `/problems/<slug>`.',
    ),
    title: v.string(),
    status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
    detail: v.string(),
    instance: described(v.string(), 'The id of the request, which the log has too.'),
    conflictingExecutionSid: v.optional(
      described(
        anyText,
        'For `active-execution-exists`: the SID of the active execution, if Studio reports it. Also null if the caller is restricted to some flows and the execution belongs to another flow.',
      ),
    ),
    errors: v.optional(
      described(
        v.array(
          v.object({
            detail: v.string(),
            pointer: described(
              v.string(),
              'Where the mistake is: `#/to` in the body, `?status` in the query string. Leads to the parent (`#`, `?`, `#/parameters`) of a member whose name does not look like a name.',
            ),
          }),
        ),
        'Of `invalid-request`: every mistake.',
      ),
    ),
    studio: v.optional(
      described(
        v.object({ code: whole(21211), message: anyText, moreInfo: anyText }),
        'Of `rejected-by-studio`: what Studio says of it.',
      ),
    ),
  }),
  v.metadata({ description: 'A problem after RFC 9457.', additionalProperties: true }),
);

/** By their names in the OpenAPI document. */
export const answers = {
  Execution: execution,
  Executions: v.object({ executions: v.array(execution), nextCursor }),
  ExecutionContext: executionContext,
  StepContext: stepContext,
  Step: step,
  Steps: v.object({ steps: v.array(step), nextCursor }),
  FlowSummary: flowSummary,
  Flows: v.object({ flows: v.array(flowSummary), nextCursor }),
  Flow: flow,
  Triggered: withExecution(['created', 'existing', 'replaced']),
  Ended: withExecution(['ended', 'already-ended']),
  Deleted: v.object({ outcome: v.picklist(['deleted', 'already-gone']), sid: sid('FN') }),
  Purge: purgeView,
  Purges: v.object({ purges: v.array(purgeView), nextCursor }),
  Failure: failure,
  Failures: v.object({ failures: v.array(failure), nextCursor }),
  Health: v.object({ status: v.literal('ok') }),
  OpenApi: v.pipe(v.unknown(), v.metadata({ type: 'object', description: 'This document.' })),
  Problem: problem,
  GatewayRefusal: described(
    v.object({ message: text('Too Many Requests') }),
    'What API Gateway answers by itself, before this service is asked.',
  ),
};

export type AnswerName = keyof typeof answers;
/** The body of an answer, by the name of its schema. */
export type AnswerBody<Name extends AnswerName> = v.InferOutput<(typeof answers)[Name]>;
