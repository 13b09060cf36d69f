import type { Answer } from './answers.ts';
import type { Call, Simulation } from './call.ts';
import {
  createExecution,
  deleteExecution,
  fetchExecution,
  fetchExecutionContext,
  listExecutions,
  updateExecution,
} from './handlers/executions.ts';
import {
  createFlow,
  deleteFlow,
  fetchFlow,
  fetchRevision,
  fetchTestUsers,
  listFlows,
  listRevisions,
  updateFlow,
  updateTestUsers,
  validateFlow,
} from './handlers/flows.ts';
import { fetchStep, fetchStepContext, listSteps } from './handlers/steps.ts';
import type { OperationName } from './names.ts';

export type Handler = (simulation: Simulation, call: Call) => Answer;
export type Operation = {
  name: OperationName;
  method: 'GET' | 'POST' | 'DELETE';
  pattern: RegExp;
  handle: Handler;
};

const BOTH = 'v[12]';
const V2 = 'v2';

/** Every call that this Studio knows. {FW} is a flow's SID, {FN} an execution's, {FT} a step's. */
export const operations: readonly Operation[] = [
  on('ListExecution', 'GET', BOTH, '/Flows/{FW}/Executions', listExecutions),
  on('CreateExecution', 'POST', BOTH, '/Flows/{FW}/Executions', createExecution),
  on('FetchExecution', 'GET', BOTH, '/Flows/{FW}/Executions/{FN}', fetchExecution),
  on('UpdateExecution', 'POST', BOTH, '/Flows/{FW}/Executions/{FN}', updateExecution),
  on('DeleteExecution', 'DELETE', BOTH, '/Flows/{FW}/Executions/{FN}', deleteExecution),
  on('FetchExecutionContext', 'GET', BOTH, '/Flows/{FW}/Executions/{FN}/Context', fetchExecutionContext),
  on('ListExecutionStep', 'GET', BOTH, '/Flows/{FW}/Executions/{FN}/Steps', listSteps),
  on('FetchExecutionStep', 'GET', BOTH, '/Flows/{FW}/Executions/{FN}/Steps/{FT}', fetchStep),
  on(
    'FetchExecutionStepContext',
    'GET',
    BOTH,
    '/Flows/{FW}/Executions/{FN}/Steps/{FT}/Context',
    fetchStepContext,
  ),
  on('ListFlow', 'GET', BOTH, '/Flows', listFlows),
  on('CreateFlow', 'POST', V2, '/Flows', createFlow),
  on('FetchFlow', 'GET', BOTH, '/Flows/{FW}', fetchFlow),
  on('UpdateFlow', 'POST', V2, '/Flows/{FW}', updateFlow),
  on('DeleteFlow', 'DELETE', BOTH, '/Flows/{FW}', deleteFlow),
  on('ListFlowRevision', 'GET', V2, '/Flows/{FW}/Revisions', listRevisions),
  on('FetchFlowRevision', 'GET', V2, '/Flows/{FW}/Revisions/{Revision}', fetchRevision),
  on('UpdateFlowValidate', 'POST', V2, '/Flows/Validate', validateFlow),
  on('FetchTestUser', 'GET', V2, '/Flows/{FW}/TestUsers', fetchTestUsers),
  on('UpdateTestUser', 'POST', V2, '/Flows/{FW}/TestUsers', updateTestUsers),
];

export type Match =
  | { outcome: 'found'; operation: Operation; sids: Record<string, string | undefined> }
  | { outcome: 'wrong-method' }
  | { outcome: 'nothing' };

export function match(method: string, path: string): Match {
  const there = operations.filter(({ pattern }) => pattern.test(path));
  const operation = there.find((one) => one.method === method);
  if (operation) return { outcome: 'found', operation, sids: operation.pattern.exec(path)?.groups ?? {} };
  return { outcome: there.length > 0 ? 'wrong-method' : 'nothing' };
}

function on(
  name: OperationName,
  method: Operation['method'],
  versions: string,
  template: string,
  handle: Handler,
): Operation {
  const source = template
    .replace(/\{(F[WNT])\}/g, '(?<$1>$1[0-9a-fA-F]{32})')
    .replace('{Revision}', '(?<Revision>\\d+|LatestPublished|LatestRevision)');
  return { name, method, pattern: new RegExp(`^/(?<version>${versions})${source}$`), handle };
}
