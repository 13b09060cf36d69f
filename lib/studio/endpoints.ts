import type { OperationKind } from './http/retry.ts';
import {
  type Parser,
  parseExecution,
  parseExecutionContext,
  parseFlow,
  parseNothing,
  parseStep,
  parseStepContext,
  parseTestUsers,
  parseValidity,
} from './json/parse.ts';

/** An operation of Studio's REST API, after Twilio's OpenAPI documents of v2 and v1 (2026-04-14). */
export type Endpoint<T = unknown> = {
  operation: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** Below /v2 or /v1. */
  path: string;
  /** Decides what may be repeated (retry.ts). */
  kind: OperationKind;
  v2Only?: true;
  /** Reads a response, or an item of a list. */
  parse: Parser<T>;
  /** The response has members of any shape, whose numbers must not be changed. */
  freeForm?: true;
  /** The kind of resource in a response or list. Absent if it has no SID of its own, such as a context. */
  answers?: 'flow' | 'execution' | 'step';
  /** The member of a list that holds its items. */
  listKey?: string;
  /** A larger response is refused as nonsense. */
  maxBodyBytes: number;
};

const MiB = 1024 * 1024;
/** 1,000 executions with 16 KB of context each; JSON.parse still fits a 256 MB Lambda. */
const LIST = 16 * MiB;
/** A context collects every widget's results, up to 64 KB each; a refused one could not be archived. */
const CONTEXT = 8 * MiB;
/** The largest of the rest are flow definitions: Twilio's editor stops at about 1 MB. */
const RESOURCE = 4 * MiB;

const flow = '/Flows/{flow}';
const revisions = `${flow}/Revisions`;
const testUsers = `${flow}/TestUsers`;
const executions = `${flow}/Executions`;
const execution = `${executions}/{execution}`;
const step = `${execution}/Steps/{step}`;

const v2Only = { v2Only: true } as const;
const nothing = { parse: parseNothing };
const anExecution = { answers: 'execution', parse: parseExecution } as const;
const aContext = { parse: parseExecutionContext, freeForm: true, maxBodyBytes: CONTEXT } as const;
const aStep = { answers: 'step', parse: parseStep, freeForm: true } as const;
const aStepContext = { ...aContext, parse: parseStepContext };
const aFlow = { answers: 'flow', parse: parseFlow, freeForm: true } as const;
const aValidity = { parse: parseValidity, ...v2Only };
/** Test users have no SID of their own: `sid` is the flow's. */
const someTestUsers = { answers: 'flow', parse: parseTestUsers, ...v2Only } as const;

const KINDS = { GET: 'read', POST: 'non-idempotent', DELETE: 'idempotent' } as const;

function endpoint<T>(
  method: Endpoint['method'],
  operation: string,
  path: string,
  more: Partial<Endpoint<T>> & { parse: Parser<T> },
): Endpoint<T> {
  const maxBodyBytes = more.listKey === undefined ? RESOURCE : LIST;
  return { operation, method, path, kind: KINDS[method], maxBodyBytes, ...more };
}

export const endpoints = {
  listExecutions: endpoint('GET', 'executions.list', executions, { ...anExecution, listKey: 'executions' }),
  createExecution: endpoint('POST', 'executions.create', executions, anExecution),
  fetchExecution: endpoint('GET', 'executions.fetch', execution, anExecution),
  endExecution: endpoint('POST', 'executions.end', execution, { ...anExecution, kind: 'idempotent' }),
  deleteExecution: endpoint('DELETE', 'executions.delete', execution, nothing),
  fetchExecutionContext: endpoint('GET', 'executions.context', `${execution}/Context`, aContext),
  listSteps: endpoint('GET', 'steps.list', `${execution}/Steps`, { ...aStep, listKey: 'steps' }),
  fetchStep: endpoint('GET', 'steps.fetch', step, aStep),
  fetchStepContext: endpoint('GET', 'steps.context', `${step}/Context`, aStepContext),
  listFlows: endpoint('GET', 'flows.list', '/Flows', { ...aFlow, listKey: 'flows' }),
  createFlow: endpoint('POST', 'flows.create', '/Flows', { ...aFlow, ...v2Only }),
  fetchFlow: endpoint('GET', 'flows.fetch', flow, aFlow),
  // Each update makes a new revision, so it must not be repeated.
  updateFlow: endpoint('POST', 'flows.update', flow, { ...aFlow, ...v2Only }),
  deleteFlow: endpoint('DELETE', 'flows.delete', flow, nothing),
  // Changes nothing, although it is a POST.
  validateFlow: endpoint('POST', 'flows.validate', '/Flows/Validate', { ...aValidity, kind: 'read' }),
  listRevisions: endpoint('GET', 'revisions.list', revisions, { ...aFlow, ...v2Only, listKey: 'revisions' }),
  fetchRevision: endpoint('GET', 'revisions.fetch', `${revisions}/{revision}`, { ...aFlow, ...v2Only }),
  fetchTestUsers: endpoint('GET', 'testUsers.fetch', testUsers, someTestUsers),
  // Sets the whole list: twice is the same as once.
  updateTestUsers: endpoint('POST', 'testUsers.update', testUsers, { ...someTestUsers, kind: 'idempotent' }),
};
