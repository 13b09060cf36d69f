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
    date_created: flow.revisions[0].dateCreated,
    date_updated: flow.revisions.length > 1 ? latest.dateCreated : null,
    url,
  };
  if (call.version === 'v1')
    return {
      ...common,
      version: flow.revisions.length,
      links: { engagements: `${url}/Engagements`, executions: `${url}/Executions` },
    };
  return {
    ...common,
    ...definitionFields(flow, latest),
    warnings: [],
    webhook_url: `https://webhooks.twilio.com/v1/Accounts/${studio.accountSid}/Flows/${flow.sid}`,
    links: { revisions: `${url}/Revisions`, test_users: `${url}/TestUsers`, executions: `${url}/Executions` },
  };
}

export function revisionResource(studio: StudioState, call: Call, flow: Flow, revision: Revision) {
  return {
    sid: flow.sid,
    account_sid: studio.accountSid,
    ...definitionFields(flow, revision),
    friendly_name: revision.friendlyName,
    status: revision.status,
    date_created: revision.dateCreated,
    date_updated: revision.dateCreated,
    url: `${call.origin}/v2/Flows/${flow.sid}/Revisions/${numberOf(flow, revision)}`,
  };
}

function definitionFields(flow: Flow, revision: Revision) {
  const errors = definitionErrors(revision.definition);
  return {
    author_sid: revision.authorSid,
    definition: revision.definition,
    revision: numberOf(flow, revision),
    commit_message: revision.commitMessage,
    valid: errors.length === 0,
    errors,
  };
}

function numberOf({ revisions }: Flow, revision: Revision): number {
  return revisions.indexOf(revision) + 1;
}
