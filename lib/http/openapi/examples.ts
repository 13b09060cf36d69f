import type { RouteKey } from '../routes.ts';
import type { AnswerSchema } from './answers.ts';

/** What the local run answers, with its SIDs shortened to one digit each. */
const accountSid = `AC${'a'.repeat(32)}`;
const flowSid = `FW${'1'.repeat(32)}`;
export const EXAMPLE_EXECUTION = `FN${'2'.repeat(32)}`;
export const EXAMPLE_STEP = `FT${'3'.repeat(32)}`;
export const EXAMPLE_PURGE = '01KB0000000000000000000000';
const base = `https://studio.twilio.com/v2/Flows/${flowSid}`;
const url = `${base}/Executions/${EXAMPLE_EXECUTION}`;

const execution = {
  sid: EXAMPLE_EXECUTION,
  accountSid,
  flowSid,
  flow: 'welcome',
  status: 'active',
  contactChannelAddress: '+15005550006',
  contactSid: `FC${'4'.repeat(32)}`,
  flowVersion: 1,
  dateCreated: '2026-11-22T10:00:00Z',
  dateUpdated: null,
  initiatedBy: 'rest',
  url,
};

const step = {
  sid: EXAMPLE_STEP,
  accountSid,
  flowSid,
  executionSid: EXAMPLE_EXECUTION,
  parentStepSid: null,
  name: 'incomingRequest',
  type: 'trigger',
  transitionedFrom: 'Trigger',
  transitionedTo: 'send_message_1',
  dateCreated: '2026-11-22T10:00:00Z',
  dateUpdated: null,
  url: `${url}/Steps/${EXAMPLE_STEP}`,
};

const flow = {
  alias: 'welcome',
  sid: flowSid,
  isKnown: true,
  accountSid,
  friendlyName: 'Welcome',
  status: 'published',
  revision: 1,
  commitMessage: null,
  valid: null,
  dateCreated: '2026-11-01T09:00:00Z',
  dateUpdated: null,
  url: base,
};

const context = {
  executionSid: EXAMPLE_EXECUTION,
  flowSid,
  accountSid,
  context: { flow: { data: { name: 'Ann' } }, contact: { channel: { address: '+15005550006' } } },
  url: `${url}/Context`,
};

const purge = {
  id: EXAMPLE_PURGE,
  request: {
    flows: ['welcome'],
    status: 'ended',
    olderThan: 'P7D',
    dateCreatedFrom: null,
    dateCreatedTo: null,
    contact: null,
    action: 'delete',
    archive: false,
    limit: null,
    dryRun: true,
  },
  requestedBy: 'bearer:admin',
  policy: null,
  status: 'succeeded',
  dateStarted: '2026-11-22T10:00:00.000Z',
  dateUpdated: '2026-11-22T10:00:02.000Z',
  dateEnded: '2026-11-22T10:00:02.000Z',
  counts: { listed: 180, matched: 180, archived: 0, ended: 0, deleted: 0, alreadyGone: 0, failed: 0 },
  activeMatched: 0,
  window: { from: null, to: '2026-11-15T10:00:00Z' },
  digest: { algorithm: 'sum-sha256', count: 0, value: '0'.repeat(64) },
  failures: [],
  error: null,
};

export const answerExamples: Readonly<Partial<Record<AnswerSchema, unknown>>> = {
  Execution: execution,
  Executions: { executions: [execution], nextCursor: null },
  ExecutionContext: context,
  StepContext: { ...context, stepSid: EXAMPLE_STEP, url: `${url}/Steps/${EXAMPLE_STEP}/Context` },
  Step: step,
  Steps: { steps: [step], nextCursor: null },
  FlowSummary: flow,
  Flows: { flows: [flow], nextCursor: null },
  Flow: {
    ...flow,
    definition: { description: 'Welcome', states: [], initial_state: 'Trigger', flags: {} },
    errors: [],
    warnings: [],
  },
  Triggered: { outcome: 'created', execution },
  Ended: { outcome: 'ended', execution: { ...execution, status: 'ended' } },
  Deleted: { outcome: 'deleted', sid: EXAMPLE_EXECUTION },
  Purge: purge,
  Purges: { purges: [purge], nextCursor: null },
  Health: { status: 'ok' },
};

/** Bodies that the local run takes as they are. */
export const bodyExamples: Readonly<Partial<Record<RouteKey, Readonly<Record<string, unknown>>>>> = {
  'POST /flows/{flow}/executions': {
    simple: { to: '+15005550006' },
    whole: {
      to: '+15005550007',
      from: '+15017122661',
      parameters: { name: 'Ann' },
      onConflict: 'return',
    },
  },
  'POST /purges': {
    count: { flows: ['welcome'], olderThan: 'P7D' },
    erase: { flows: 'all', contact: '+15005550006', status: 'any', dryRun: false },
    release: { flows: ['welcome'], olderThan: 'P1D', action: 'end', dryRun: false },
  },
};

/** Of a form; `Parameters` is JSON as text, as Twilio's own API takes it. */
export const formExample = { To: '+15005550008', Parameters: '{"name":"Ann"}' };
