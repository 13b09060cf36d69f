import type { RouteKey } from '../routes.ts';
import { answerSchemas, exampleOf } from './json-schema.ts';

export const EXAMPLE_PURGE = 'pu01m81kar8w3nvjkz2m4bwyvd95';

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

/** Of answers for which an example made of its parts' examples would contradict itself. */
export const answerExamples: Readonly<Record<string, unknown>> = {
  Ended: {
    outcome: 'ended',
    execution: { ...Object(exampleOf(answerSchemas['Execution'])), status: 'ended' },
  },
  Purge: purge,
  Purges: { purges: [purge], nextCursor: null },
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
