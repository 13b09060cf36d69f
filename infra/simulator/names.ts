/** The operations under the names of Twilio's OpenAPI documents; v1 has those that its document has. */
export const OPERATION_NAMES = [
  'ListExecution',
  'CreateExecution',
  'FetchExecution',
  'UpdateExecution',
  'DeleteExecution',
  'FetchExecutionContext',
  'ListExecutionStep',
  'FetchExecutionStep',
  'FetchExecutionStepContext',
  'ListFlow',
  'CreateFlow',
  'FetchFlow',
  'UpdateFlow',
  'DeleteFlow',
  'ListFlowRevision',
  'FetchFlowRevision',
  'UpdateFlowValidate',
  'FetchTestUser',
  'UpdateTestUser',
] as const;
export type OperationName = (typeof OPERATION_NAMES)[number];
