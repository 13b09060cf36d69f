/**
 * What Studio answers, under the names of Twilio's Node SDK. Nearly every field may be null upstream
 * (Twilio's OpenAPI document, v2, 2026-04-14); times are ISO 8601 strings in UTC, as Studio sends them.
 */

export type ExecutionStatus = 'active' | 'ended';

export type Execution = {
  sid: string;
  accountSid: string | null;
  flowSid: string | null;
  /** Personal data: the contact's address. Never log it. */
  contactChannelAddress: string | null;
  contactSid: string | null;
  flowVersion: number | null;
  status: ExecutionStatus | null;
  dateCreated: string | null;
  /** null until it changes for the first time. */
  dateUpdated: string | null;
  initiatedBy: string | null;
  url: string | null;
};

/** Personal data throughout: message bodies, phone numbers, cities. Never log it. */
export type ExecutionContext = {
  accountSid: string | null;
  context: unknown;
  executionSid: string | null;
  flowSid: string | null;
  url: string | null;
};

export type Step = {
  sid: string;
  accountSid: string | null;
  flowSid: string | null;
  executionSid: string | null;
  parentStepSid: string | null;
  name: string | null;
  transitionedFrom: string | null;
  transitionedTo: string | null;
  type: string | null;
  dateCreated: string | null;
  dateUpdated: string | null;
  url: string | null;
};

export type StepContext = ExecutionContext & { stepSid: string | null };

export type FlowStatus = 'draft' | 'published';

export type Flow = {
  sid: string;
  accountSid: string | null;
  authorSid?: string | null;
  friendlyName: string | null;
  definition?: unknown;
  status: FlowStatus | null;
  /** v1 calls it version. */
  revision: number | null;
  commitMessage?: string | null;
  valid?: boolean | null;
  errors?: unknown[] | null;
  warnings?: unknown[] | null;
  dateCreated: string | null;
  dateUpdated: string | null;
  webhookUrl?: string | null;
  url: string | null;
};

/** One upstream page; `nextPageUrl` is null at the end of the list. There is no total. */
export type Page<Item> = { items: Item[]; nextPageUrl: string | null };

export type CallOptions = {
  /** Ends the call, its retries included. */
  signal?: AbortSignal;
  /** For the whole call, retries and bodies included, in milliseconds. */
  timeoutMs?: number;
};

export type ListExecutionsQuery = {
  status?: ExecutionStatus;
  /** On or after, ISO 8601. */
  dateCreatedFrom?: string;
  /** Before, ISO 8601. */
  dateCreatedTo?: string;
  /** 1..1000. */
  pageSize?: number;
  /** Ends the iteration after so many items. */
  limit?: number;
};

export type CreateExecutionInput = {
  to: string;
  from: string;
  parameters?: Record<string, unknown>;
};

/** What a create came to; everything else is thrown as a StudioError. */
export type CreateOutcome =
  | { outcome: 'created'; execution: Execution }
  /** The contact has an active execution already (409, code 20409). */
  | { outcome: 'conflict'; conflictingExecutionSid: string | null }
  /** The answer was lost or a 5xx: Studio may or may not have created it. */
  | { outcome: 'unknown'; cause: Error };

export type EndOutcome = { outcome: 'ended'; execution: Execution } | { outcome: 'already-ended' };

export type DeleteOutcome = { outcome: 'deleted' | 'already-gone' };

/** An async iteration over items that can also be walked by whole pages. */
export type Listing<Item> = AsyncIterable<Item> & {
  /** Continue from `fromPageUrl`, an earlier page's `nextPageUrl`, instead of the beginning. */
  pages(options?: { fromPageUrl?: string }): AsyncIterable<Page<Item>>;
};
