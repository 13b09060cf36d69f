import { parseJson } from '../../lib/studio/json/json.ts';
import type { Call, Simulation } from './call.ts';
import type { Flow, Revision } from './store/flows.ts';
import { definitionErrors, isDefinition, latestRevision } from './store/flows.ts';

/** The resources as they go over the wire; the fields are those of Twilio's OpenAPI documents. */
/** What the flow's widgets see as variables: the create's parameters stand in it twice. */
export function contextOf(simulation: Simulation, row: number): Record<string, unknown> {
  const { executions } = simulation.store;
  const { contact, sender, parameters } = executions.columns.at(row);
  const to = executions.contacts.addressOf(contact);
  const from = executions.senders.addressOf(sender);
  const data = parseJson(executions.parameters[parameters] ?? '{}');
  return {
    widgets: {},
    contact: { channel: { address: to } },
    flow: {
      sid: executions.sidOf(row),
      flow_sid: executions.flowOf(row),
      channel: { address: from },
      data,
    },
    trigger: { request: { to, from, parameters: data } },
  };
}

export function contextResource(simulation: Simulation, call: Call, row: number): Record<string, unknown> {
  return {
    account_sid: simulation.accountSid,
    context: contextOf(simulation, row),
    flow_sid: simulation.store.executions.flowOf(row),
    execution_sid: call.executionSid,
    url: call.origin + call.path,
  };
}

export function flowResource(simulation: Simulation, call: Call, flow: Flow): Record<string, unknown> {
  const latest = latestRevision(flow);
  const url = `${call.origin}/${call.version}/Flows/${flow.sid}`;
  const common = {
    sid: flow.sid,
    account_sid: simulation.accountSid,
    friendly_name: latest.friendlyName,
    status: latest.status,
    date_created: flow.dateCreated,
    date_updated: flow.dateUpdated,
    url,
  };
  if (call.version === 'v1')
    return {
      ...common,
      version: latest.revision,
      links: { engagements: `${url}/Engagements`, executions: `${url}/Executions` },
    };
  return {
    ...common,
    author_sid: latest.authorSid,
    definition: latest.definition,
    revision: latest.revision,
    commit_message: latest.commitMessage,
    valid: isDefinition(latest.definition),
    errors: definitionErrors(latest.definition),
    warnings: [],
    webhook_url: `https://webhooks.twilio.com/v1/Accounts/${simulation.accountSid}/Flows/${flow.sid}`,
    links: { revisions: `${url}/Revisions`, test_users: `${url}/TestUsers`, executions: `${url}/Executions` },
  };
}

export function revisionResource(
  simulation: Simulation,
  call: Call,
  flow: Flow,
  revision: Revision,
): Record<string, unknown> {
  return {
    sid: flow.sid,
    account_sid: simulation.accountSid,
    author_sid: revision.authorSid,
    friendly_name: revision.friendlyName,
    definition: revision.definition,
    status: revision.status,
    revision: revision.revision,
    commit_message: revision.commitMessage,
    valid: isDefinition(revision.definition),
    errors: definitionErrors(revision.definition),
    date_created: revision.dateCreated,
    date_updated: revision.dateCreated,
    url: `${call.origin}/v2/Flows/${flow.sid}/Revisions/${revision.revision}`,
  };
}
