import type { ConfiguredFlow } from '../../config/configuration.ts';
import type { Execution, ExecutionContext, Flow, Step } from '../../studio/types.ts';
import type { AnswerBody } from '../schemas/answers.ts';

/** Studio's resources as this API answers them, without members that need another scope. */

export function executionBody(
  execution: Execution,
  flow: Pick<ConfiguredFlow, 'alias'> | undefined,
): AnswerBody<'Execution'> {
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

export function contextBody(context: ExecutionContext): AnswerBody<'ExecutionContext'> {
  const { executionSid, flowSid, accountSid, url } = context;
  return { executionSid, flowSid, accountSid, context: context.context, url };
}

/** Leaves out the context, which Studio sends along with some steps. */
export function stepBody({ context: _, ...step }: Step): AnswerBody<'Step'> {
  return step;
}

/** `flow` is undefined if Studio does not know the flow. */
export function flowSummaryBody(
  { alias, sid }: ConfiguredFlow,
  flow: Flow | undefined,
): AnswerBody<'FlowSummary'> {
  return {
    alias,
    sid,
    isKnown: flow !== undefined,
    accountSid: flow?.accountSid ?? null,
    friendlyName: flow?.friendlyName ?? null,
    status: flow?.status ?? null,
    revision: flow?.revision ?? null,
    commitMessage: flow?.commitMessage ?? null,
    valid: flow?.valid ?? null,
    dateCreated: flow?.dateCreated ?? null,
    dateUpdated: flow?.dateUpdated ?? null,
    url: flow?.url ?? null,
  };
}

export function flowBody(configured: ConfiguredFlow, flow: Flow): AnswerBody<'Flow'> {
  const { definition = null, errors = null, warnings = null } = flow;
  return { ...flowSummaryBody(configured, flow), definition, errors, warnings };
}
