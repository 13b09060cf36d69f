import { parseJson } from '../../../lib/studio/json/json.ts';
import { fieldsOf } from '../../../lib/studio/json/parse.ts';
import { type Answer, invalidParameter, missingParameter, notFound, refuse } from '../answers.ts';
import type { Call, Simulation } from '../call.ts';
import { listAnswer, type PageRequest, type PageResult, readPageRequest } from '../paging.ts';
import { contextResource } from '../resources.ts';
import { ACTIVE } from '../store/columns.ts';
import type { Filter, Start } from '../store/executions.ts';
import { latestRevision } from '../store/flows.ts';
import { executionWriter } from './execution-json.ts';

/** To and From together, in bytes: https://www.twilio.com/docs/api/errors/81023 */
const MAX_ADDRESSES_BYTES = 300;
const E164 = /^\+[1-9]\d{1,14}$/;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export function listExecutions(simulation: Simulation, call: Call): Answer {
  const { store, behaviour } = simulation;
  if (!store.flows.find(call.flowSid)) return notFound(call.path);
  const request = readPageRequest(simulation, call);
  if ('status' in request) return request;
  const { filter, mistake } = readFilter(call);
  if (mistake) return mistake;
  if (behaviour.ignoreStatusFilter) filter.status = undefined;
  if (behaviour.arrivalsPerList > 0) {
    const now = new Date(simulation.now()).toISOString();
    const arrivals = { count: behaviour.arrivalsPerList, dateCreatedFrom: now, dateCreatedTo: now };
    store.seed({ flowSid: call.flowSid, ...arrivals });
  }
  const page = pageOf(simulation, call.flowSid, filter, request);
  const items = page.items.map(executionWriter(simulation, call));
  return listAnswer(simulation, call, 'executions', request, { ...page, items });
}

function readFilter(call: Call): { filter: Filter; mistake?: Answer } {
  const filter: Filter = {};
  const status = call.query.get('status');
  // v1 has no such parameter and passes it over.
  if (status !== null && call.version === 'v2') {
    if (status !== 'active' && status !== 'ended') return { filter, mistake: invalidParameter('status') };
    filter.status = status;
  }
  for (const [name, member] of [
    ['DateCreatedFrom', 'fromMs'],
    ['DateCreatedTo', 'toMs'],
  ] as const) {
    const text = call.query.get(name);
    if (text === null) continue;
    const ms = DATE_TIME.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(ms)) return { filter, mistake: invalidParameter(name) };
    filter[member] = ms;
  }
  return { filter };
}

function pageOf(
  { store, behaviour }: Simulation,
  flowSid: string,
  filter: Filter,
  { size, start }: PageRequest,
): PageResult<number> {
  const { executions } = store;
  const { rows, more } = behaviour.ignoreFlow
    ? executions.sliceOfAll(filter, start, size)
    : executions.slice(flowSid, filter, start, size);
  const startAt = (row: number | undefined, towards: 'older' | 'newer'): Start | null => {
    const createdS = row === undefined ? undefined : store.executions.columns.createdS[row];
    if (row !== undefined && createdS !== undefined)
      return { style: 'keyset', place: { createdS, row }, towards };
    return start.style === 'keyset' ? { ...start, towards } : null;
  };
  const goesOn = more || (behaviour.paging === 'empty-last-page' && rows.length === size);
  if (start.style === 'keyset' && start.towards === 'newer')
    return {
      items: rows,
      next: startAt(rows.at(-1), 'older'),
      previous: more ? startAt(rows[0], 'newer') : null,
    };
  if (start.style === 'offset' && (start.offset > 0 || behaviour.pageToken === 'offset')) {
    const { offset } = start;
    return {
      items: rows,
      next: goesOn ? { style: 'offset', offset: offset + size } : null,
      previous: offset > 0 ? { style: 'offset', offset: Math.max(0, offset - size) } : null,
    };
  }
  return {
    items: rows,
    next: goesOn ? startAt(rows.at(-1), 'older') : null,
    previous: start.style === 'keyset' ? startAt(rows[0], 'newer') : null,
  };
}

export function createExecution(simulation: Simulation, call: Call): Answer {
  const { store, behaviour } = simulation;
  const flow = store.flows.find(call.flowSid);
  if (!flow) return notFound(call.path);
  const [to, from] = [call.form.get('To'), call.form.get('From')];
  if (!to) return missingParameter('To');
  if (!from) return missingParameter('From');
  if (to.startsWith('+') && !E164.test(to)) return refuse(21211, `Invalid 'To' Phone Number: ${to}`);
  if (from.startsWith('+') && !E164.test(from)) return refuse(21212, `Invalid 'From' Phone Number: ${from}`);
  if (Buffer.byteLength(to) + Buffer.byteLength(from) > MAX_ADDRESSES_BYTES)
    return refuse(81023, 'To and From together must not exceed 300 bytes');
  const parameters = call.form.get('Parameters') ?? '{}';
  if (!isObject(parameters)) return invalidParameter('Parameters');

  const { executions } = store;
  const active = executions.findActive(executions.contacts.find(to), executions.senders.find(from));
  if (active !== undefined) return conflict(simulation, call, active);
  const endsAtMs = behaviour.endAfterMs === null ? 0 : simulation.now() + behaviour.endAfterMs;
  const flowVersion = latestRevision(flow).revision;
  const row = executions.create({ flowSid: call.flowSid, to, from, parameters, flowVersion, endsAtMs });
  const status = call.version === 'v1' ? 200 : 201;
  return { status, json: executionWriter(simulation, call)(row) };
}

/** The pair is busy, under this flow or another. v1 hides that behind a 200 with the other execution. */
function conflict(simulation: Simulation, call: Call, row: number): Answer {
  const { executions } = simulation.store;
  if (call.version === 'v1') return { status: 200, json: executionWriter(simulation, call)(row) };
  const sid = executions.sidOf(row);
  return refuse(
    20409,
    `Execution ${sid} is already active for this contact. End the active Execution before creating a new one`,
    { conflicting_execution_sid: sid },
  );
}

function isObject(json: string): boolean {
  try {
    return fieldsOf(parseJson(json)) !== undefined;
  } catch {
    return false;
  }
}

export function fetchExecution(simulation: Simulation, call: Call): Answer {
  const row = findRow(simulation, call);
  if (row === undefined) return notFound(call.path);
  return { status: 200, json: executionWriter(simulation, call)(row) };
}

export function fetchExecutionContext(simulation: Simulation, call: Call): Answer {
  const row = findRow(simulation, call);
  return row === undefined
    ? notFound(call.path)
    : { status: 200, body: contextResource(simulation, call, row) };
}

/** Ends an execution. `Status=active` is not documented and refused. */
export function updateExecution(simulation: Simulation, call: Call): Answer {
  const { executions } = simulation.store;
  const row = findRow(simulation, call);
  if (row === undefined) return notFound(call.path);
  const status = call.form.get('Status');
  if (!status) return missingParameter('Status');
  if (status !== 'ended') return invalidParameter('Status');
  if (executions.stateOf(row) !== ACTIVE)
    return refuse(20409, `Execution ${call.executionSid} has already ended`, {
      execution_sid: call.executionSid,
    });
  executions.end(row);
  return { status: 200, json: executionWriter(simulation, call)(row) };
}

export function deleteExecution(simulation: Simulation, call: Call): Answer {
  const { executions } = simulation.store;
  const row = findRow(simulation, call);
  if (row === undefined) return notFound(call.path);
  const isActive = executions.stateOf(row) === ACTIVE;
  if (isActive && simulation.behaviour.deleteActive === 'conflict')
    return refuse(20409, `Execution ${call.executionSid} is active`, { execution_sid: call.executionSid });
  if (isActive) simulation.store.deletedWhileActive++;
  executions.delete(row);
  return { status: 204 };
}

export function findRow(simulation: Simulation, call: Call): number | undefined {
  if (!simulation.store.flows.find(call.flowSid)) return undefined;
  const flowSid = simulation.behaviour.ignoreFlow ? null : call.flowSid;
  return simulation.store.executions.find(flowSid, call.executionSid);
}
