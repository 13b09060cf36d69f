import type { RouteKey } from '../routes.ts';
import type { AnswerSchema } from './answers.ts';

/** What the local run answered, with the host of the real Studio. */
const accountSid = `AC${'a'.repeat(32)}`;
const flowSid = `FW${'1'.repeat(32)}`;
export const EXAMPLE_EXECUTION = 'FN8a66f34337e5d8f3876c8b34f95c0d2d';
export const EXAMPLE_STEP = 'FTe6b25a8e52f9994c9a04e146e1ec1811';
export const EXAMPLE_PURGE = 'pu01m81kar8w3nvjkz2m4bwyvd95';
const base = `https://studio.twilio.com/v2/Flows/${flowSid}`;
const url = `${base}/Executions/${EXAMPLE_EXECUTION}`;

const execution = {
  sid: EXAMPLE_EXECUTION,
  accountSid,
  flowSid,
  flow: 'welcome',
  status: 'active',
  contactChannelAddress: '+15005550006',
  contactSid: 'FC08ce95a6e69996f8db0ab0da83607c97',
  flowVersion: 1,
  dateCreated: '2026-11-22T12:22:38Z',
  dateUpdated: null,
  initiatedBy: 'RQ049983fee6c981bc928d22f16df45283',
  url,
};

const step = {
  sid: EXAMPLE_STEP,
  accountSid,
  flowSid,
  executionSid: EXAMPLE_EXECUTION,
  parentStepSid: null,
  name: 'success',
  type: 'send-message',
  transitionedFrom: 'send-message_1',
  transitionedTo: 'split-based-on_2',
  dateCreated: '2026-11-22T12:22:39Z',
  dateUpdated: null,
  url: `${url}/Steps/${EXAMPLE_STEP}`,
};

const flow = {
  alias: 'welcome',
  sid: flowSid,
  isKnown: true,
  accountSid,
  friendlyName: 'welcome',
  status: 'published',
  revision: 1,
  commitMessage: null,
  valid: true,
  dateCreated: '2026-11-22T12:22:38Z',
  dateUpdated: null,
  url: base,
};

const context = {
  executionSid: EXAMPLE_EXECUTION,
  flowSid,
  accountSid,
  context: {
    widgets: {},
    contact: { channel: { address: '+15005550006' } },
    flow: {
      sid: EXAMPLE_EXECUTION,
      flow_sid: flowSid,
      channel: { address: '+12025550100' },
      data: { name: 'Ann' },
    },
    trigger: {
      request: { to: '+15005550006', from: '+12025550100', parameters: { name: 'Ann' } },
    },
  },
  url: `${url}/Context`,
};

const purge = {
  id: EXAMPLE_PURGE,
  request: {
    flows: ['welcome'],
    status: 'ended',
    olderThan: 'PT1H',
    dateCreatedFrom: null,
    dateCreatedTo: null,
    contact: null,
    action: 'delete',
    archive: false,
    limit: null,
    dryRun: true,
  },
  requestedBy: 'bearer:local-admin',
  policy: null,
  status: 'succeeded',
  dateStarted: '2026-11-22T12:22:39.644Z',
  dateUpdated: '2026-11-22T12:22:40.356Z',
  dateEnded: '2026-11-22T12:22:40.356Z',
  counts: { listed: 1, matched: 1, archived: 0, ended: 0, deleted: 0, alreadyGone: 0, failed: 0 },
  activeMatched: 0,
  activeLeft: null,
  contactMatching: null,
  window: { from: null, to: '2026-11-22T11:22:39Z' },
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
    definition: {
      description: 'A simulated flow',
      flags: { allow_concurrent_calls: true },
      initial_state: 'Trigger',
      states: [{ name: 'Trigger', type: 'trigger', transitions: [], properties: {} }],
    },
    errors: [],
    warnings: [],
  },
  Triggered: { outcome: 'created', execution },
  Ended: { outcome: 'ended', execution: { ...execution, status: 'ended' } },
  Deleted: { outcome: 'deleted', sid: EXAMPLE_EXECUTION },
  Purge: purge,
  Purges: { purges: [purge], nextCursor: null },
  Failures: {
    failures: [
      {
        sid: EXAMPLE_EXECUTION,
        flow: 'welcome',
        dateCreated: '2026-11-22T12:22:38Z',
        reason: 'delete: rejected (20001)',
      },
    ],
    nextCursor: null,
  },
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
    erase: {
      flows: 'all',
      contact: ['+15005550006', 'whatsapp:+15005550006'],
      status: 'any',
      dryRun: false,
    },
    release: { flows: ['welcome'], olderThan: 'P1D', action: 'end', dryRun: false },
  },
};

/** Of a form; `Parameters` is JSON as text, as Twilio's own API takes it. */
export const formExample = { To: '+15005550008', Parameters: '{"name":"Ann"}' };
