import { parseJson } from '../../../lib/studio/json/json.ts';
import { fieldsOf } from '../../../lib/studio/json/parse.ts';
import { invalidParameter, notFound, Refusal, required } from '../answers.ts';
import type { Call } from '../operations.ts';
import { type Execution, NEVER, type Status } from '../store/execution.ts';
import type { ListFilter } from '../store/store.ts';
import type { StudioState } from '../studio-state.ts';
import { flowOf } from './flows.ts';
import {
  listResource,
  offsetPage,
  type Page,
  type PageRequest,
  readPageRequest,
  slicePage,
} from './paging.ts';
import { contextResource, executionResource } from './resources.ts';

/** To and From together, in bytes: https://www.twilio.com/docs/api/errors/81023 */
const MAX_ADDRESSES_BYTES = 300;
const E164 = /^\+[1-9]\d{1,14}$/;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export function listExecutions(studio: StudioState, call: Call): unknown {
  const { store } = studio;
  const { arrivalsPerList, ignoreDateFilters, ignoreStatusFilter, listLagMs } = studio.behaviour();
  flowOf(studio, call);
  const request = readPageRequest(studio, call);
  const filter = readFilter(call);
  if (ignoreStatusFilter) filter.status = undefined;
  if (ignoreDateFilters) Object.assign(filter, { fromMs: 0, toMs: NEVER });
  if (arrivalsPerList > 0) {
    const now = new Date(studio.now()).toISOString();
    const arrivals = { count: arrivalsPerList, dateCreatedFrom: now, dateCreatedTo: now };
    store.seed({ flowSid: call.flowSid, ...arrivals });
  }
  const page = pageOf(studio, call.flowSid, filter, request);
  const shownMs = studio.now() - listLagMs;
  const resource = (execution: Execution) => executionResource(studio, call, execution, shownMs);
  return listResource(studio, call, 'executions', request, page, resource);
}

function readFilter(call: Call): ListFilter {
  const status = call.query.get('status');
  return {
    fromMs: dateOf(call, 'DateCreatedFrom') ?? 0,
    toMs: dateOf(call, 'DateCreatedTo') ?? NEVER,
    // v1 has no such parameter and ignores it.
    status: status === null || call.version === 'v1' ? undefined : statusOf(status),
  };
}

function statusOf(text: string): Status {
  if (text === 'active' || text === 'ended') return text;
  throw invalidParameter('status');
}

function dateOf({ query }: Call, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const ms = DATE_TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw invalidParameter(name);
  return ms;
}

function pageOf(
  studio: StudioState,
  flowSid: string,
  filter: ListFilter,
  request: PageRequest,
): Page<Execution> {
  const { size, start } = request;
  const { ignoreFlow, listOrder, paging, pageToken } = studio.behaviour();
  const flow = ignoreFlow ? '' : flowSid;
  if (listOrder !== 'newest-first') {
    const all = studio.store.slice(flow, filter, { offset: 0 }, Number.POSITIVE_INFINITY);
    return slicePage(inOrder(all.executions, listOrder), request);
  }
  const slice = studio.store.slice(flow, filter, start, size);
  const { executions: items, more, previous } = slice;
  const goesOn = more || (paging === 'empty-last-page' && items.length === size);
  if (!start.place && (start.offset > 0 || pageToken === 'offset'))
    return offsetPage(items, goesOn, start.offset, size);
  return {
    items,
    next: goesOn ? { offset: 0, place: items.at(-1) } : null,
    previous: previous ? { offset: 0, place: previous } : null,
  };
}

/** In groups of four, each in reverse; an index without a partner in the list keeps its place. */
const JUMBLE = 3;

function inOrder(newestFirst: Execution[], order: 'oldest-first' | 'jumbled' | 'none'): Execution[] {
  if (order === 'oldest-first') return newestFirst.toReversed();
  if (order === 'jumbled')
    return newestFirst.map((execution, index) => newestFirst[index ^ JUMBLE] ?? execution);
  return newestFirst.toSorted((one, other) => scattered(one) - scattered(other));
}

/** Always the same for an execution, and in no visible order. */
function scattered({ number }: Execution): number {
  return Math.imul(number ^ 0x5bd1, 0x9e3779b1) >>> 8;
}

export function createExecution(studio: StudioState, call: Call): unknown {
  const { store } = studio;
  const flowVersion = flowOf(studio, call).revisions.length;
  const [to, from] = [required(call.form, 'To'), required(call.form, 'From')];
  if (to.startsWith('+') && !E164.test(to)) throw new Refusal(21211, `Invalid 'To' Phone Number: ${to}`);
  if (from.startsWith('+') && !E164.test(from))
    throw new Refusal(21212, `Invalid 'From' Phone Number: ${from}`);
  if (Buffer.byteLength(to) + Buffer.byteLength(from) > MAX_ADDRESSES_BYTES)
    throw new Refusal(81023, 'To and From together must not exceed 300 bytes');
  const parameters = call.form.get('Parameters') ?? '{}';
  if (!isObject(parameters)) throw invalidParameter('Parameters');

  const active = store.findActive(to, from);
  if (active) return conflict(studio, call, active);
  const { endAfterMs } = studio.behaviour();
  const ends = endAfterMs !== null && { endedMs: studio.now() + endAfterMs };
  const created = store.add({ flowSid: call.flowSid, to, from, parameters, flowVersion, ...ends });
  return executionResource(studio, call, created);
}

/** The contact has an active execution, in this flow or another. v1 answers with that execution. */
function conflict(studio: StudioState, call: Call, active: Execution): unknown {
  const { sid } = active;
  if (call.version === 'v1') return executionResource(studio, call, active);
  throw new Refusal(
    20409,
    `Execution ${sid} is already active for this contact. End the active Execution before creating a new one`,
    { details: { conflicting_execution_sid: sid } },
  );
}

function isObject(json: string): boolean {
  try {
    return fieldsOf(parseJson(json)) !== undefined;
  } catch {
    return false;
  }
}

export function fetchExecution(studio: StudioState, call: Call): unknown {
  return executionResource(studio, call, executionOf(studio, call));
}

export function fetchExecutionContext(studio: StudioState, call: Call): unknown {
  return contextResource(studio, call, executionOf(studio, call));
}

/** Ends an execution. `Status=active` is not documented and refused. */
export function updateExecution(studio: StudioState, call: Call): unknown {
  const execution = executionOf(studio, call);
  if (required(call.form, 'Status') !== 'ended') throw invalidParameter('Status');
  if (!studio.store.end(execution.sid)) throw unchangeable(execution, 'has already ended');
  return executionResource(studio, call, execution);
}

export function deleteExecution(studio: StudioState, call: Call): void {
  const { store } = studio;
  const execution = executionOf(studio, call);
  const isActive = store.statusOf(execution) === 'active';
  if (isActive && studio.behaviour().deleteActive === 'conflict') throw unchangeable(execution, 'is active');
  if (isActive) store.deletedWhileActive++;
  store.delete(execution.sid);
}

function unchangeable({ sid }: Execution, why: string): Refusal {
  return new Refusal(20409, `Execution ${sid} ${why}`, { details: { execution_sid: sid } });
}

/** The execution that the path names. Refuses the call if there is none. */
export function executionOf(studio: StudioState, call: Call): Execution {
  flowOf(studio, call);
  const execution = studio.store.existing(call.executionSid);
  if (execution?.flowSid === call.flowSid || (execution && studio.behaviour().ignoreFlow)) return execution;
  throw notFound(call.path);
}
