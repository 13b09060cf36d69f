import { parseJson } from '../../../lib/studio/json/json.ts';
import { type Answer, invalidParameter, missingParameter, notFound, refuse } from '../answers.ts';
import type { Call, Simulation } from '../call.ts';
import { listAnswer, readPageRequest, slicePage } from '../paging.ts';
import { flowResource, revisionResource } from '../resources.ts';
import {
  definitionErrors,
  type FlowStatus,
  isDefinition,
  latestPublished,
  latestRevision,
  type Revision,
} from '../store/flows.ts';
import { isoSeconds } from '../store/store.ts';

export function listFlows(simulation: Simulation, call: Call): Answer {
  const request = readPageRequest(simulation, call);
  if ('status' in request) return request;
  const page = slicePage(simulation.store.flows.all(), request);
  const items = page.items.map((flow) => JSON.stringify(flowResource(simulation, call, flow)));
  return listAnswer(simulation, call, 'flows', request, { ...page, items });
}

export function fetchFlow(simulation: Simulation, call: Call): Answer {
  const flow = simulation.store.flows.find(call.flowSid);
  return flow ? { status: 200, body: flowResource(simulation, call, flow) } : notFound(call.path);
}

/** Its executions are out of reach with it. */
export function deleteFlow(simulation: Simulation, call: Call): Answer {
  return simulation.store.flows.delete(call.flowSid) ? { status: 204 } : notFound(call.path);
}

export function createFlow(simulation: Simulation, call: Call): Answer {
  const name = call.form.get('FriendlyName');
  if (!name) return missingParameter('FriendlyName');
  const read = readRevision(simulation, call);
  if (!read.ok) return read.answer;
  const { definition, ...rest } = read.change;
  if (definition === undefined) return missingParameter('Definition');
  const sid = simulation.store.newFlowSid();
  const flow = simulation.store.flows.add(sid, { ...rest, friendlyName: name, definition });
  return { status: 201, body: flowResource(simulation, call, flow) };
}

export function updateFlow(simulation: Simulation, call: Call): Answer {
  const flow = simulation.store.flows.find(call.flowSid);
  if (!flow) return notFound(call.path);
  const read = readRevision(simulation, call);
  if (!read.ok) return read.answer;
  const latest = latestRevision(flow);
  simulation.store.flows.revise(flow, {
    ...read.change,
    friendlyName: call.form.get('FriendlyName') ?? latest.friendlyName,
    definition: read.change.definition ?? latest.definition,
  });
  return { status: 200, body: flowResource(simulation, call, flow) };
}

/** A definition that is no flow is refused with its failures: https://www.twilio.com/docs/api/errors/81022 */
export function validateFlow(_simulation: Simulation, call: Call): Answer {
  if (!call.form.get('FriendlyName')) return missingParameter('FriendlyName');
  const status = readStatus(call);
  if (!status.ok) return status.answer;
  if (!call.form.get('Definition')) return missingParameter('Definition');
  const definition = parsed(call.form.get('Definition'));
  return isDefinition(definition) ? { status: 200, body: { valid: true } } : invalidDefinition(definition);
}

export function listRevisions(simulation: Simulation, call: Call): Answer {
  const flow = simulation.store.flows.find(call.flowSid);
  if (!flow) return notFound(call.path);
  const request = readPageRequest(simulation, call);
  if ('status' in request) return request;
  const page = slicePage(flow.revisions.toReversed(), request);
  const items = page.items.map((revision) =>
    JSON.stringify(revisionResource(simulation, call, flow, revision)),
  );
  return listAnswer(simulation, call, 'revisions', request, { ...page, items });
}

export function fetchRevision(simulation: Simulation, call: Call): Answer {
  const flow = simulation.store.flows.find(call.flowSid);
  if (!flow) return notFound(call.path);
  const named: Record<string, Revision | undefined> = {
    LatestRevision: latestRevision(flow),
    LatestPublished: latestPublished(flow),
  };
  const revision =
    named[call.revision] ?? flow.revisions.find((one) => String(one.revision) === call.revision);
  if (!revision) return notFound(call.path);
  return { status: 200, body: revisionResource(simulation, call, flow, revision) };
}

export function fetchTestUsers(simulation: Simulation, call: Call): Answer {
  const flow = simulation.store.flows.find(call.flowSid);
  if (!flow) return notFound(call.path);
  const url = call.origin + call.path;
  return { status: 200, body: { sid: flow.sid, test_users: flow.testUsers, url } };
}

/** The list is given by repeating the parameter. */
export function updateTestUsers(simulation: Simulation, call: Call): Answer {
  const flow = simulation.store.flows.find(call.flowSid);
  if (!flow) return notFound(call.path);
  const testUsers = call.form.getAll('TestUsers');
  if (testUsers.length === 0) return missingParameter('TestUsers');
  flow.testUsers = testUsers;
  return fetchTestUsers(simulation, call);
}

type Read<T> = T | { ok: false; answer: Answer };
type Change = Omit<Revision, 'revision' | 'friendlyName'>;

function readRevision(simulation: Simulation, call: Call): Read<{ ok: true; change: Change }> {
  const status = readStatus(call);
  if (!status.ok) return status;
  const text = call.form.get('Definition');
  const definition = parsed(text);
  if (text && definition === undefined) return { ok: false, answer: invalidDefinition(definition) };
  // A draft may be broken; what is published must be a flow.
  if (text && status.value === 'published' && !isDefinition(definition))
    return { ok: false, answer: invalidDefinition(definition) };
  return {
    ok: true,
    change: {
      status: status.value,
      definition,
      commitMessage: call.form.get('CommitMessage'),
      authorSid: call.form.get('AuthorSid'),
      dateCreated: isoSeconds(simulation.now()),
    },
  };
}

function readStatus(call: Call): Read<{ ok: true; value: FlowStatus }> {
  const value = call.form.get('Status');
  if (value === 'draft' || value === 'published') return { ok: true, value };
  return { ok: false, answer: value ? invalidParameter('Status') : missingParameter('Status') };
}

function parsed(text: string | null): unknown {
  try {
    return text ? parseJson(text) : undefined;
  } catch {
    return undefined;
  }
}

function invalidDefinition(definition: unknown): Answer {
  return refuse(81022, 'Flow definition validation failed', { errors: definitionErrors(definition) });
}
