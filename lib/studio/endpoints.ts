import type { OperationKind } from './http/retry.ts';

/**
 * Studio's REST API as data, after Twilio's OpenAPI documents of v2 and v1 (2026-04-14).
 * `path` stands below /v2 or /v1; `kind` decides what may be repeated (retry.ts); `maxBodyBytes` is where
 * an answer is cut off as nonsense; `answers` is the kind of resource that an answer holds or lists.
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
  /** Absent for an answer without a SID of its own, such as a context. */
  answers?: 'flow' | 'execution' | 'step';
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
const anExecution = { answers: 'execution' } as const;
const aContext = { freeForm: true } as const;
const aStep = { answers: 'step', freeForm: true } as const;
/** Also for revisions and test users, which have the flow's SID. */
const aFlow = { answers: 'flow', freeForm: true } as const;

export const endpoints = {
  listExecutions: { ...read('executions.list', executions, LIST), ...v1, ...anExecution },
  createExecution: { ...write('executions.create', executions, 'once'), ...v1, ...anExecution },
  fetchExecution: { ...read('executions.fetch', execution), ...v1, ...anExecution },
  endExecution: { ...write('executions.end', execution, 'idempotent'), ...v1, ...anExecution },
  deleteExecution: { ...remove('executions.delete', execution), ...v1 },
  fetchExecutionContext: {
    ...read('executions.context', `${execution}/Context`, CONTEXT),
    ...v1,
    ...aContext,
  },
  listSteps: { ...read('steps.list', `${execution}/Steps`, LIST), ...v1, ...aStep },
  fetchStep: { ...read('steps.fetch', step), ...v1, ...aStep },
  fetchStepContext: { ...read('steps.context', `${step}/Context`, CONTEXT), ...v1, ...aContext },
  listFlows: { ...read('flows.list', flows, LIST), ...v1, ...aFlow },
  createFlow: { ...write('flows.create', flows, 'once'), ...aFlow },
  fetchFlow: { ...read('flows.fetch', flow), ...v1, ...aFlow },
  // Each update is a new revision: a blind second one is not the same as one.
  updateFlow: { ...write('flows.update', flow, 'once'), ...aFlow },
  deleteFlow: { ...remove('flows.delete', flow), ...v1 },
  // Changes nothing, whatever its method.
  validateFlow: write('flows.validate', `${flows}/Validate`, 'read'),
  listRevisions: { ...read('revisions.list', `${flow}/Revisions`, LIST), ...aFlow },
  fetchRevision: { ...read('revisions.fetch', `${flow}/Revisions/{revision}`), ...aFlow },
  fetchTestUsers: { ...read('testUsers.fetch', `${flow}/TestUsers`), ...aFlow },
  // Sets the whole list: twice is the same as once.
  updateTestUsers: { ...write('testUsers.update', `${flow}/TestUsers`, 'idempotent'), ...aFlow },
} as const satisfies Record<string, Endpoint>;
