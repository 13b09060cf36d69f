import { parseJson } from '../../../lib/studio/json/json.ts';
import type { Call } from '../operations.ts';
import { type Execution, statusAt, updatedAt } from '../store/execution.ts';
import { definitionErrors, type Flow, latestRevision, type Revision } from '../store/flows.ts';
import type { StudioState } from '../studio-state.ts';

/** The resources as they go over the wire; the fields are those of Twilio's OpenAPI documents. */

/** As it was at that time: a list may lag. */
export function executionResource(
  studio: StudioState,
  call: Call,
  execution: Execution,
  atMs = studio.now(),
) {
  const { sid, flowSid, to, contactSid, dateCreated, flowVersion } = execution;
  const url = `${call.origin}/${call.version}/Flows/${flowSid}/Executions/${sid}`;
  return {
    sid,
    account_sid: studio.accountSid,
    flow_sid: flowSid,
    context: {},
    contact_channel_address: to,
    contact_sid: contactSid,
    ...(call.version === 'v2' && { flow_version: flowVersion, initiated_by: null }),
    status: statusAt(execution, atMs),
    date_created: dateCreated,
    date_updated: updatedAt(execution, atMs),
    url,
    links: { steps: `${url}/Steps`, execution_context: `${url}/Context` },
  };
}

/** What the flow's widgets see as variables: the create's parameters stand in it twice. */
export function contextOf({ sid, flowSid, to, from, parameters }: Execution) {
  const data = parseJson(parameters);
  return {
    widgets: {},
    contact: { channel: { address: to } },
    flow: { sid, flow_sid: flowSid, channel: { address: from }, data },
    trigger: { request: { to, from, parameters: data } },
  };
}

export function contextResource(studio: StudioState, call: Call, execution: Execution) {
  return {
    account_sid: studio.accountSid,
    context: contextOf(execution),
    flow_sid: execution.flowSid,
    execution_sid: execution.sid,
    url: call.origin + call.path,
  };
}

export function flowResource(studio: StudioState, call: Call, flow: Flow) {
  const latest = latestRevision(flow);
  const url = `${call.origin}/${call.version}/Flows/${flow.sid}`;
  const common = {
    sid: flow.sid,
    account_sid: studio.accountSid,
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
    ...definitionFields(latest),
    warnings: [],
    webhook_url: `https://webhooks.twilio.com/v1/Accounts/${studio.accountSid}/Flows/${flow.sid}`,
    links: { revisions: `${url}/Revisions`, test_users: `${url}/TestUsers`, executions: `${url}/Executions` },
  };
}

export function revisionResource(studio: StudioState, call: Call, flow: Flow, revision: Revision) {
  return {
    sid: flow.sid,
    account_sid: studio.accountSid,
    ...definitionFields(revision),
    friendly_name: revision.friendlyName,
    status: revision.status,
    date_created: revision.dateCreated,
    date_updated: revision.dateCreated,
    url: `${call.origin}/v2/Flows/${flow.sid}/Revisions/${revision.revision}`,
  };
}

function definitionFields({ authorSid, definition, revision, commitMessage }: Revision) {
  const errors = definitionErrors(definition);
  return {
    author_sid: authorSid,
    definition,
    revision,
    commit_message: commitMessage,
    valid: errors.length === 0,
    errors,
  };
}
