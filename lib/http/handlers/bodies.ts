import type { ConfiguredFlow } from '../../config/configuration.ts';
import type { Execution } from '../../studio/types.ts';

/** An execution as this API answers it; field by field, so that a new one upstream does not slip out. */
export function executionJson(execution: Execution, flow: Pick<ConfiguredFlow, 'alias'> | undefined) {
  return {
    sid: execution.sid,
    accountSid: execution.accountSid,
    flowSid: execution.flowSid,
    flow: flow?.alias ?? null,
    status: execution.status,
    contactChannelAddress: execution.contactChannelAddress,
    contactSid: execution.contactSid,
    flowVersion: execution.flowVersion,
    dateCreated: execution.dateCreated,
    dateUpdated: execution.dateUpdated,
    initiatedBy: execution.initiatedBy,
    url: execution.url,
  };
}
