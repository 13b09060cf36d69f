import { EXAMPLE_SIDS } from '../schemas/answers.ts';
import { executionSid, stepSid } from '../schemas/common.ts';
import { type Descriptions, jsonSchemaOf } from './json-schema.ts';

export const EXAMPLE_PURGE = 'pu01m81kar8w3nvjkz2m4bwyvd95';

/** What is said about query parameters, … */
export const queryDescriptions: Descriptions = {
  limit: 'The maximum number of items in the answer.',
  cursor: 'The `nextCursor` of the previous page.',
  status: 'Only executions in this status.',
  dateCreatedFrom: 'Created on or after this moment.',
  dateCreatedTo: 'Created before this moment.',
  contact:
    'Only executions of this contact. The address is compared exactly as Studio reports it, so a phone number needs its `+`; `whatsapp:+…` is another address.',
  end: 'Whether an active one is ended first.',
};

/** … members of bodies … */
export const bodyDescriptions: Descriptions = {
  to: 'The address of the contact: a phone number in E.164 with its `+`, alone or after a lower-case channel (`whatsapp:+…`, `rcs:+…`); `client:name`; `sip:user@host`; or another `channel:value`. White space, control and format characters are refused, and so are other spellings of a phone number (`tel:`, without the `+`).',
  from: 'The sender: an address as in `to`, a Messaging Service SID or a short code. Default: the sender that the configuration gives the flow.',
  parameters: 'Available to the flow as `flow.data`. Numbers are passed on digit for digit.',
  onConflict:
    'When the contact has an active execution: refuse (`fail`), return it (`return`), or end it and create anew (`replace`). What the configuration says of the flow when left out.',
  flows: 'Aliases or SIDs of configured flows, or `all` of them.',
  status: 'Which ones: `ended` when left out, and `active` with the action `end`.',
  olderThan: 'An ISO 8601 duration, counted back from the start of the purge.',
  dateCreatedFrom: 'Created on or after this moment.',
  dateCreatedTo: 'Created before this moment.',
  contact:
    'Only executions of this contact, or of these contacts (at most 20). The age may then be left out. Each address is compared exactly as Studio reports it: `+1…` and `whatsapp:+1…` are two addresses, which may be listed together.',
  action: '`delete` ends an active one first; `end` deletes nothing.',
  archive: 'Whether context and steps are stored before the delete.',
  limit: 'The maximum number of executions that are acted on.',
  dryRun: 'Whether it only counts. Say false to change anything.',
};

/** … and parts of the path, with their schemas. */
export const pathParameters: Readonly<Record<string, object>> = {
  flow: {
    description: 'An alias from the configuration, or the SID of a flow that it lists.',
    example: 'welcome',
    schema: { type: 'string' },
  },
  execution: {
    description: 'The SID of the execution.',
    example: EXAMPLE_SIDS.FN,
    schema: jsonSchemaOf(executionSid),
  },
  step: { description: 'The SID of the step.', example: EXAMPLE_SIDS.FT, schema: jsonSchemaOf(stepSid) },
  purge: { description: 'The id of the purge.', example: EXAMPLE_PURGE, schema: { type: 'string' } },
};
