import type { Call, OperationName } from '../operations.ts';
import type { StudioState } from '../studio-state.ts';
import {
  createExecution,
  deleteExecution,
  fetchExecution,
  fetchExecutionContext,
  listExecutions,
  updateExecution,
} from './executions.ts';
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
} from './flows.ts';
import { fetchStep, fetchStepContext, listSteps } from './steps.ts';

/** Does the work and returns the resource of the answer; undefined for an answer without a body. */
type Handler = (studio: StudioState, call: Call) => unknown;

export const handlers: Record<OperationName, Handler> = {
  ListExecution: listExecutions,
  CreateExecution: createExecution,
  FetchExecution: fetchExecution,
  UpdateExecution: updateExecution,
  DeleteExecution: deleteExecution,
  FetchExecutionContext: fetchExecutionContext,
  ListExecutionStep: listSteps,
  FetchExecutionStep: fetchStep,
  FetchExecutionStepContext: fetchStepContext,
  ListFlow: listFlows,
  CreateFlow: createFlow,
  FetchFlow: fetchFlow,
  UpdateFlow: updateFlow,
  DeleteFlow: deleteFlow,
  ListFlowRevision: listRevisions,
  FetchFlowRevision: fetchRevision,
  UpdateFlowValidate: validateFlow,
  FetchTestUser: fetchTestUsers,
  UpdateTestUser: updateTestUsers,
};
