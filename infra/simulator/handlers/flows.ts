import { parseJson } from '../../../lib/studio/json/json.ts';
import { invalidParameter, notFound, Refusal, required } from '../answers.ts';
import type { Call } from '../operations.ts';
import { isoSeconds } from '../store/execution.ts';
import {
  definitionErrors,
  type Flow,
  type FlowStatus,
  isDefinition,
  latestRevision,
  type Revision,
} from '../store/flows.ts';
import type { StudioState } from '../studio-state.ts';
import { listResource, readPageRequest, slicePage } from './paging.ts';
import { flowResource, revisionResource } from './resources.ts';

/** The flow that the path names. Refuses the call if there is none. */
export function flowOf(studio: StudioState, call: Call): Flow {
  const flow = studio.store.flows.get(call.flowSid);
  if (!flow) throw notFound(call.path);
  return flow;
}

export function listFlows(studio: StudioState, call: Call): unknown {
  const request = readPageRequest(studio, call);
  const page = slicePage([...studio.store.flows.values()].reverse(), request);
  return listResource(studio, call, 'flows', request, page, (flow) => flowResource(studio, call, flow));
}

export function fetchFlow(studio: StudioState, call: Call): unknown {
  return flowResource(studio, call, flowOf(studio, call));
}

/** Its executions can no longer be reached either. */
export function deleteFlow(studio: StudioState, call: Call): void {
  studio.store.flows.delete(flowOf(studio, call).sid);
}

export function createFlow(studio: StudioState, call: Call): unknown {
  const friendlyName = required(call.form, 'FriendlyName');
  const revision = { ...readRevision(studio, call), friendlyName };
  required(call.form, 'Definition');
  const flow: Flow = { sid: studio.newSid('FW'), revisions: [revision], testUsers: [] };
  studio.store.flows.set(flow.sid, flow);
  return flowResource(studio, call, flow);
}

export function updateFlow(studio: StudioState, call: Call): unknown {
  const flow = flowOf(studio, call);
  const change = readRevision(studio, call);
  const latest = latestRevision(flow);
  flow.revisions.push({
    ...change,
    friendlyName: call.form.get('FriendlyName') ?? latest.friendlyName,
    definition: change.definition ?? latest.definition,
  });
  return flowResource(studio, call, flow);
}

/** A definition that is no flow is refused with its failures: https://www.twilio.com/docs/api/errors/81022 */
export function validateFlow(_studio: StudioState, { form }: Call): unknown {
  required(form, 'FriendlyName');
  readStatus(form);
  const definition = parsed(required(form, 'Definition'));
  if (!isDefinition(definition)) throw invalidDefinition(definition);
  return { valid: true };
}

export function listRevisions(studio: StudioState, call: Call): unknown {
  const flow = flowOf(studio, call);
  const request = readPageRequest(studio, call);
  const page = slicePage(flow.revisions.toReversed(), request);
  const resource = (revision: Revision) => revisionResource(studio, call, flow, revision);
  return listResource(studio, call, 'revisions', request, page, resource);
}

export function fetchRevision(studio: StudioState, call: Call): unknown {
  const flow = flowOf(studio, call);
  const { revisions } = flow;
  const named: Record<string, Revision | undefined> = {
    LatestRevision: latestRevision(flow),
    LatestPublished: revisions.findLast(({ status }) => status === 'published'),
  };
  const revision = named[call.revision] ?? revisions[Number(call.revision) - 1];
  if (!revision) throw notFound(call.path);
  return revisionResource(studio, call, flow, revision);
}

export function fetchTestUsers(studio: StudioState, call: Call): unknown {
  const { sid, testUsers } = flowOf(studio, call);
  return { sid, test_users: testUsers, url: call.origin + call.path };
}

/** The list is given by repeating the parameter. */
export function updateTestUsers(studio: StudioState, call: Call): unknown {
  const flow = flowOf(studio, call);
  required(call.form, 'TestUsers');
  flow.testUsers = call.form.getAll('TestUsers');
  return fetchTestUsers(studio, call);
}

/** A draft may be broken; what is published must be a flow. */
function readRevision(studio: StudioState, { form }: Call): Omit<Revision, 'friendlyName'> {
  const status = readStatus(form);
  const text = form.get('Definition');
  const definition = parsed(text);
  const isWrong = definition === undefined || (status === 'published' && !isDefinition(definition));
  if (text && isWrong) throw invalidDefinition(definition);
  return {
    status,
    definition,
    commitMessage: form.get('CommitMessage'),
    authorSid: form.get('AuthorSid'),
    dateCreated: isoSeconds(studio.now()),
  };
}

function readStatus(form: URLSearchParams): FlowStatus {
  const value = required(form, 'Status');
  if (value === 'draft' || value === 'published') return value;
  throw invalidParameter('Status');
}

function parsed(text: string | null): unknown {
  try {
    return text ? parseJson(text) : undefined;
  } catch {
    return undefined;
  }
}

function invalidDefinition(definition: unknown): Refusal {
  const errors = definitionErrors(definition);
  return new Refusal(81022, 'Flow definition validation failed', { details: { errors } });
}
