import type { OperationKind } from './retry.ts';

/**
 * Studio's REST API as data, after Twilio's OpenAPI documents of v2 and v1 (2026-04-14).
 * `path` stands below /v2 or /v1; `kind` decides what may be repeated (retry.ts); `maxBodyBytes` is where
 * an answer is cut off as nonsense.
 */
export type Endpoint = {
  operation: string;
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  kind: OperationKind;
  /** Absent: v2 only. */
  alsoInV1?: true;
  /** The answer has members of any shape, whose numbers must not be changed. */
  freeForm?: true;
  maxBodyBytes: number;
};

const MiB = 1024 * 1024;
/** 1,000 executions to a page, should each come with 16 KB of context; JSON.parse still fits a 256 MB Lambda. */
const LIST = 16 * MiB;
/** A context collects every widget's answers, up to 64 KB each, and refusing one would keep it from the archive. */
const CONTEXT = 8 * MiB;
/** Flow definitions are the largest of the rest: Twilio's editor stops at about 1 MB. */
const RESOURCE = 4 * MiB;

const flows = '/Flows';
const flow = '/Flows/{flow}';
const executions = `${flow}/Executions`;
const execution = `${executions}/{execution}`;
const step = `${execution}/Steps/{step}`;

function read(operation: string, path: string, maxBodyBytes = RESOURCE) {
  return { operation, method: 'GET', path, kind: 'read', maxBodyBytes } as const satisfies Endpoint;
}

function write(operation: string, path: string, kind: OperationKind) {
  return { operation, method: 'POST', path, kind, maxBodyBytes: RESOURCE } as const satisfies Endpoint;
}

function remove(operation: string, path: string) {
  return {
    operation,
    method: 'DELETE',
    path,
    kind: 'idempotent',
    maxBodyBytes: RESOURCE,
  } as const satisfies Endpoint;
}

const v1 = { alsoInV1: true } as const;
const freeForm = { freeForm: true } as const;

export const endpoints = {
  listExecutions: { ...read('executions.list', executions, LIST), ...v1 },
  createExecution: { ...write('executions.create', executions, 'once'), ...v1 },
  fetchExecution: { ...read('executions.fetch', execution), ...v1 },
  endExecution: { ...write('executions.end', execution, 'idempotent'), ...v1 },
  deleteExecution: { ...remove('executions.delete', execution), ...v1 },
  fetchExecutionContext: {
    ...read('executions.context', `${execution}/Context`, CONTEXT),
    ...v1,
    ...freeForm,
  },
  listSteps: { ...read('steps.list', `${execution}/Steps`, LIST), ...v1, ...freeForm },
  fetchStep: { ...read('steps.fetch', step), ...v1, ...freeForm },
  fetchStepContext: { ...read('steps.context', `${step}/Context`, CONTEXT), ...v1, ...freeForm },
  listFlows: { ...read('flows.list', flows, LIST), ...v1, ...freeForm },
  createFlow: { ...write('flows.create', flows, 'once'), ...freeForm },
  fetchFlow: { ...read('flows.fetch', flow), ...v1, ...freeForm },
  // Each update is a new revision: a blind second one is not the same as one.
  updateFlow: { ...write('flows.update', flow, 'once'), ...freeForm },
  deleteFlow: { ...remove('flows.delete', flow), ...v1 },
  // Changes nothing, whatever its method.
  validateFlow: write('flows.validate', `${flows}/Validate`, 'read'),
  listRevisions: { ...read('revisions.list', `${flow}/Revisions`, LIST), ...freeForm },
  fetchRevision: { ...read('revisions.fetch', `${flow}/Revisions/{revision}`), ...freeForm },
  fetchTestUsers: read('testUsers.fetch', `${flow}/TestUsers`),
  // Sets the whole list: twice is the same as once.
  updateTestUsers: write('testUsers.update', `${flow}/TestUsers`, 'idempotent'),
} as const satisfies Record<string, Endpoint>;
