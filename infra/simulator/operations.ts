/** The versions of the API that have an operation. */
const BOTH = 'v[12]';
const V2 = 'v2';

type Method = 'GET' | 'POST' | 'DELETE';

/** All operations, as Twilio's OpenAPI documents name them. {FW}, {FN}, {FT}: a flow, an execution, a step. */
export const operations = [
  on('ListExecution', 'GET', BOTH, '/Flows/{FW}/Executions'),
  on('CreateExecution', 'POST', BOTH, '/Flows/{FW}/Executions'),
  on('FetchExecution', 'GET', BOTH, '/Flows/{FW}/Executions/{FN}'),
  on('UpdateExecution', 'POST', BOTH, '/Flows/{FW}/Executions/{FN}'),
  on('DeleteExecution', 'DELETE', BOTH, '/Flows/{FW}/Executions/{FN}'),
  on('FetchExecutionContext', 'GET', BOTH, '/Flows/{FW}/Executions/{FN}/Context'),
  on('ListExecutionStep', 'GET', BOTH, '/Flows/{FW}/Executions/{FN}/Steps'),
  on('FetchExecutionStep', 'GET', BOTH, '/Flows/{FW}/Executions/{FN}/Steps/{FT}'),
  on('FetchExecutionStepContext', 'GET', BOTH, '/Flows/{FW}/Executions/{FN}/Steps/{FT}/Context'),
  on('ListFlow', 'GET', BOTH, '/Flows'),
  on('CreateFlow', 'POST', V2, '/Flows'),
  on('FetchFlow', 'GET', BOTH, '/Flows/{FW}'),
  on('UpdateFlow', 'POST', V2, '/Flows/{FW}'),
  on('DeleteFlow', 'DELETE', BOTH, '/Flows/{FW}'),
  on('ListFlowRevision', 'GET', V2, '/Flows/{FW}/Revisions'),
  on('FetchFlowRevision', 'GET', V2, '/Flows/{FW}/Revisions/{Revision}'),
  on('UpdateFlowValidate', 'POST', V2, '/Flows/Validate'),
  on('FetchTestUser', 'GET', V2, '/Flows/{FW}/TestUsers'),
  on('UpdateTestUser', 'POST', V2, '/Flows/{FW}/TestUsers'),
];

export type OperationName = (typeof operations)[number]['name'];
export const OPERATION_NAMES: readonly OperationName[] = operations.map(({ name }) => name);

/** One request that was authenticated and routed. */
export type Call = {
  operation: OperationName;
  version: 'v1' | 'v2';
  /** Scheme and host as the caller wrote them, and the prefix of the API, without a slash at the end. */
  origin: string;
  path: string;
  query: URLSearchParams;
  form: URLSearchParams;
  flowSid: string;
  executionSid: string;
  stepSid: string;
  revision: string;
};

type Match = Pick<Call, 'operation' | 'version' | 'flowSid' | 'executionSid' | 'stepSid' | 'revision'>;

/** The operation with the path's parameters, or why there is none. */
export function match(method: string, path: string): Match | 'wrong-method' | 'not-found' {
  const operation = operations.find((one) => one.method === method && one.pattern.test(path));
  if (!operation) return operations.some(({ pattern }) => pattern.test(path)) ? 'wrong-method' : 'not-found';
  const { version, FW = '', FN = '', FT = '', Revision = '' } = operation.pattern.exec(path)?.groups ?? {};
  return {
    operation: operation.name,
    version: version === 'v1' ? 'v1' : 'v2',
    flowSid: FW,
    executionSid: FN,
    stepSid: FT,
    revision: Revision,
  };
}

function on<Name extends string>(name: Name, method: Method, versions: string, template: string) {
  const source = template
    .replace(/\{(F[WNT])\}/g, '(?<$1>$1[0-9a-fA-F]{32})')
    .replace('{Revision}', '(?<Revision>\\d+|LatestPublished|LatestRevision)');
  return { name, method, pattern: new RegExp(`^/(?<version>${versions})${source}$`) };
}
