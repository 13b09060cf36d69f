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
  depth: number;
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

/** By how many slashes there are in their paths, so that few patterns are tried for each request. */
const byDepth = Map.groupBy(operations, ({ depth }) => depth);

export function match(method: string, path: string): Match {
  let isThere = false;
  for (const operation of byDepth.get(depthOf(path)) ?? []) {
    if (isThere && operation.method !== method) continue;
    const found = operation.pattern.exec(path);
    if (found && operation.method === method)
      return { outcome: 'found', operation, sids: found.groups ?? {} };
    isThere ||= found !== null;
  }
  return { outcome: isThere ? 'wrong-method' : 'nothing' };
}

function depthOf(path: string): number {
  let depth = 0;
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) depth++;
  return depth;
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
  const pattern = new RegExp(`^/(?<version>${versions})${source}$`);
  return { name, method, pattern, depth: 1 + depthOf(template), handle };
}
