import type { Call, OperationName } from '../operations.ts';
import type { StudioState } from '../studio-state.ts';
import * as executions from './executions.ts';
import * as flows from './flows.ts';
import * as steps from './steps.ts';

/** Does the work and returns the resource of the answer; undefined for an answer without a body. */
type Handler = (studio: StudioState, call: Call) => unknown;

export const handlers: Record<OperationName, Handler> = {
  ListExecution: executions.listExecutions,
  CreateExecution: executions.createExecution,
  FetchExecution: executions.fetchExecution,
  UpdateExecution: executions.updateExecution,
  DeleteExecution: executions.deleteExecution,
  FetchExecutionContext: executions.fetchExecutionContext,
  ListExecutionStep: steps.listSteps,
  FetchExecutionStep: steps.fetchStep,
  FetchExecutionStepContext: steps.fetchStepContext,
  ListFlow: flows.listFlows,
  CreateFlow: flows.createFlow,
  FetchFlow: flows.fetchFlow,
  UpdateFlow: flows.updateFlow,
  DeleteFlow: flows.deleteFlow,
  ListFlowRevision: flows.listRevisions,
  FetchFlowRevision: flows.fetchRevision,
  UpdateFlowValidate: flows.validateFlow,
  FetchTestUser: flows.fetchTestUsers,
  UpdateTestUser: flows.updateTestUsers,
};
