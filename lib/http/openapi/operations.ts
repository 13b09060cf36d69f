import type { RouteKey } from '../routes.ts';
import type { AnswerName } from '../schemas/answers.ts';

type Operation = {
  /** Also the name of the operation in generated clients. */
  operationId: string;
  summary: string;
  description: string;
  /** An answer without a `schema` has no body. */
  answers: Readonly<Record<number, { schema?: AnswerName; description: string }>>;
  /** Bodies that the local run takes as they are. */
  bodies?: Readonly<Record<string, unknown>>;
};

const PERSONAL = 'Personal data, hence behind the scope `read:personal`.';
const LIST =
  'Newest first. A cursor holds the filters of the request that it comes from: they may be left out or repeated beside it, and another one beside it is refused. What is created or deleted between two pages is neither told twice nor lets another one be skipped. ';
const CONTACT =
  'Studio has no filter for `contact` and may be slow, so one request reads a bounded number of its pages: go on until `nextCursor` is null, also after empty pages. 503 if Studio gives no page of a flow whose executions come next: send the same cursor again later.';

/** What is said about each route. One without an entry does not compile. */
export const operations: Readonly<Record<RouteKey, Operation>> = {
  'POST /flows/{flow}/executions': {
    operationId: 'triggerExecution',
    summary: 'Trigger an execution, once',
    description:
      'Starts the flow for a contact. With a key (`Idempotency-Key`, else `webhook-id`, else `I-Twilio-Idempotency-Token`; of a signed webhook always `webhook-id`) the same request starts one execution, however often it is sent and whatever fails in between, for at least 24 hours; the stored answer comes back with `Idempotent-Replayed: true`. A request that Twilio signed is identified by what was signed, which does not include the key header. The same request under another key is refused (`signature-replayed`), and without a key it is a repetition, unless the configuration sets `twilioWebhooks.allowRepeats`. The parameter `studioExecutionsCorrelation` is reserved.',
    answers: {
      201: { schema: 'Triggered', description: 'The execution was created.' },
      200: {
        schema: 'Triggered',
        description: 'The contact had an active execution: it is returned, or was ended and replaced.',
      },
    },
    bodies: {
      simple: { to: '+15005550006' },
      whole: {
        to: '+15005550007',
        from: '+15017122661',
        parameters: { name: 'Ann' },
        onConflict: 'return',
      },
    },
  },
  'GET /flows': {
    operationId: 'listFlows',
    summary: 'List the configured flows',
    description: 'Those that the configuration lists and the caller may touch, in its order.',
    answers: { 200: { schema: 'Flows', description: 'A page of flows.' } },
  },
  'GET /flows/{flow}': {
    operationId: 'fetchFlow',
    summary: 'Fetch a flow',
    description: 'With its definition.',
    answers: { 200: { schema: 'Flow', description: 'The flow.' } },
  },
  'GET /executions': {
    operationId: 'listAllExecutions',
    summary: 'List the executions of every configured flow',
    description: `${LIST}${CONTACT}`,
    answers: { 200: { schema: 'Executions', description: 'A page of executions.' } },
  },
  'GET /flows/{flow}/executions': {
    operationId: 'listExecutions',
    summary: 'List the executions of a flow',
    description: `${LIST}${CONTACT}`,
    answers: { 200: { schema: 'Executions', description: 'A page of executions.' } },
  },
  'GET /flows/{flow}/executions/{execution}': {
    operationId: 'fetchExecution',
    summary: 'Fetch an execution',
    description: 'As Studio knows it now.',
    answers: { 200: { schema: 'Execution', description: 'The execution.' } },
  },
  'GET /flows/{flow}/executions/{execution}/context': {
    operationId: 'fetchExecutionContext',
    summary: 'Fetch the context of an execution',
    description: PERSONAL,
    answers: { 200: { schema: 'ExecutionContext', description: 'The context.' } },
  },
  'GET /flows/{flow}/executions/{execution}/steps': {
    operationId: 'listSteps',
    summary: 'List the steps of an execution',
    description: 'In the order of Studio, without their contexts.',
    answers: { 200: { schema: 'Steps', description: 'A page of steps.' } },
  },
  'GET /flows/{flow}/executions/{execution}/steps/{step}': {
    operationId: 'fetchStep',
    summary: 'Fetch a step',
    description: 'Without its context.',
    answers: { 200: { schema: 'Step', description: 'The step.' } },
  },
  'GET /flows/{flow}/executions/{execution}/steps/{step}/context': {
    operationId: 'fetchStepContext',
    summary: 'Fetch the context of a step',
    description: PERSONAL,
    answers: { 200: { schema: 'StepContext', description: 'The context.' } },
  },
  'POST /flows/{flow}/executions/{execution}/end': {
    operationId: 'endExecution',
    summary: 'End an execution',
    description:
      'Frees its contact for the next one. May be repeated. Widgets without TwiML run on until the next one that has some. `still-active`: Studio refuses to end the execution or still shows it as active; try again later.',
    answers: { 200: { schema: 'Ended', description: 'It has ended, now or before.' } },
  },
  'DELETE /flows/{flow}/executions/{execution}': {
    operationId: 'deleteExecution',
    summary: 'Delete an execution with its steps',
    description:
      'May be repeated. An active execution is refused with `still-active`, also with `?end=true` if Studio does not end it. An execution of another flow is unknown here and left alone. `studio-answered-nonsense` if Studio answers 404 to the delete but still shows the execution. Messages and calls are other resources of Twilio: they stay.',
    answers: { 200: { schema: 'Deleted', description: 'It is gone, now or before.' } },
  },
  'POST /purges': {
    operationId: 'startPurge',
    summary: 'Start a purge',
    description:
      'Ends or deletes what the request selects, in the background. **`dryRun` is true unless it is said to be false**: then it counts and changes nothing. An age (`olderThan`, or `dateCreatedFrom` and `dateCreatedTo`) or a `contact` is required. At most 5 purges of one caller and 20 of all callers run at once; dry runs count, scheduled purges do not. Beyond that: 429 `throttled`.',
    answers: {
      202: { schema: 'Purge', description: 'It has begun; `Location` says where it can be watched.' },
    },
    bodies: {
      count: { flows: ['welcome'], olderThan: 'P7D' },
      erase: {
        flows: 'all',
        contact: ['+15005550006', 'whatsapp:+15005550006'],
        status: 'any',
        dryRun: false,
      },
      release: { flows: ['welcome'], olderThan: 'P1D', action: 'end', dryRun: false },
    },
  },
  'GET /purges': {
    operationId: 'listPurges',
    summary: 'List the purges',
    description:
      'Newest first, scheduled purges included. Purges of flows that the caller may not touch are left out, so a page may be empty before the end of the list. A cursor is valid only for the caller that received it.',
    answers: { 200: { schema: 'Purges', description: 'A page of purges.' } },
  },
  'GET /purges/{purge}': {
    operationId: 'fetchPurge',
    summary: 'Fetch a purge',
    description: 'While it runs and afterwards, as evidence of what was erased; it names no address.',
    answers: { 200: { schema: 'Purge', description: 'The purge.' } },
  },
  'GET /purges/{purge}/failures': {
    operationId: 'listPurgeFailures',
    summary: 'List what failed in a purge',
    description:
      'By flow and creation, the oldest first, each with its reason; it names no address. While the purge runs it is what has failed so far: what another try deletes is no longer there. Failures are kept for 60 days.',
    answers: { 200: { schema: 'Failures', description: 'A page of failures.' } },
  },
  'POST /purges/{purge}/stop': {
    operationId: 'stopPurge',
    summary: 'Stop a purge',
    description: 'May be repeated.',
    answers: {
      202: { schema: 'Purge', description: 'It stops within a minute.' },
      200: { schema: 'Purge', description: 'It had ended before.' },
    },
  },
  'GET /health': {
    operationId: 'health',
    summary: 'Whether the service answers',
    description: 'Asks nothing upstream.',
    answers: { 200: { schema: 'Health', description: 'It does.' } },
  },
  'HEAD /health': {
    operationId: 'headHealth',
    summary: 'Whether the service answers, without a body',
    description: 'For uptime monitors.',
    answers: { 200: { description: 'It does.' } },
  },
  'HEAD /openapi.json': {
    operationId: 'headOpenApi',
    summary: 'Whether this document is there',
    description: 'Without a body.',
    answers: { 200: { description: 'It is.' } },
  },
  'GET /openapi.json': {
    operationId: 'openApi',
    summary: 'This document',
    description: 'OpenAPI 3.1.',
    answers: { 200: { schema: 'OpenApi', description: 'The document.' } },
  },
};
