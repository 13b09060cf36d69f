/**
 * What Studio answers, under the names of Twilio's Node SDK. Nearly every field may be null upstream
 * (Twilio's OpenAPI document, v2, 2026-04-14); times are ISO 8601 strings in UTC, as Studio sends them.
 */

import type { StudioErrorKind } from './errors.ts';
import type { Limiter } from './limiter/limiter.ts';

export type Credentials = { accountSid: string; username: string; password: string };

/** `refresh` reads anew, after a 401; that it does so once for many and not too often is its own business. */
export type CredentialSource = { get(): Promise<Credentials>; refresh(): Promise<Credentials> };

export type Version = 'v1' | 'v2';

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
  /** Numbers that JavaScript would write differently are RawNumbers (json.ts), here and in definitions. */
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
  /** Personal data, where the list or the step itself carries it; `steps.context` fetches it in any case. */
  context: unknown;
  transitionedFrom: string | null;
  transitionedTo: string | null;
  type: string | null;
  dateCreated: string | null;
  dateUpdated: string | null;
  url: string | null;
};

export type StepContext = ExecutionContext & { stepSid: string | null };

export type TestUsers = { sid: string; testUsers: string[]; url: string | null };

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

/**
 * One upstream page; `nextPageUrl` is null at the end of the list. There is no total. Where a `limit` cut the
 * page's items off, `nextPageUrl` still leads to what comes after the whole page.
 */
export type Page<Item> = { items: Item[]; nextPageUrl: string | null };

export type CallOptions = {
  /** Ends the call, its retries included; on a listing, the whole iteration. */
  signal?: AbortSignal;
  /**
   * For the whole call, retries and bodies included, in milliseconds; on a listing, for each page. Default
   * 20,000. Does not run while a try waits for its turn with the `limiter`: only the signal ends that.
   */
  timeoutMs?: number;
  /**
   * Tries in all, 1 for none but the first. Not counted: a repetition with fresh credentials after a 401, and
   * 429s under a `limiter`, which only `timeoutMs` bounds. Default 5.
   */
  maxTries?: number;
  /**
   * The most bytes of an answer, or of all pages of a listing together. A larger answer fails as `nonsense`
   * with `oversized` set and is not retried. Default: a size that no answer of Studio exceeds (endpoints.ts).
   */
  maxBodyBytes?: number;
  /** Whether the `context` of what is read is JsonText (json-text.ts), which takes less memory. Default false. */
  contextAsText?: boolean;
  /** Holds every try until there is room upstream, and learns from how it went: see limiter.ts. */
  limiter?: Limiter;
};

export type ListOptions = CallOptions & {
  /**
   * Whether the next page is asked for while the current one is worked on. Default true for the iteration
   * over items, false for `pages()`. Leave it off where the work changes the list, such as deleting.
   */
  readAhead?: boolean;
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
  /**
   * Version v1 only, and the only success there: v1 answers 200 with the contact's active execution as if it
   * had been created, and nothing tells the two apart. Never trigger through v1.
   */
  | { outcome: 'created-or-existing'; execution: Execution }
  /** The contact has an active execution already (409, code 20409). */
  | { outcome: 'conflict'; conflictingExecutionSid: string | null }
  /** The answer was lost or a 5xx: Studio may or may not have created it. */
  | { outcome: 'unknown'; cause: Error };

export type FlowInput = {
  friendlyName: string;
  status: FlowStatus;
  /** The flow's definition: an object, sent as JSON. */
  definition: unknown;
  commitMessage?: string;
};

/** What is left out stays as it is. */
export type FlowUpdate = { status: FlowStatus } & Partial<Omit<FlowInput, 'status'>>;

/** `errors`: what is wrong with the definition, as Studio says it. */
export type Validity = { valid: boolean; errors: unknown[] };

/**
 * `afterUnclear`: an earlier try of the same call lost its answer, or got a 5xx, so that the work may have
 * been this call's own.
 */
export type EndOutcome =
  | { outcome: 'ended'; execution: Execution }
  | { outcome: 'already-ended'; afterUnclear: boolean };

/** `afterUnclear` as with EndOutcome. */
export type DeleteOutcome = { outcome: 'deleted' } | { outcome: 'already-gone'; afterUnclear: boolean };

/** An async iteration over items that can also be walked by whole pages. Each iteration begins anew. */
export type Listing<Item> = AsyncIterable<Item> & {
  /** Continue from `fromPageUrl`, an earlier page's `nextPageUrl`, instead of the beginning. */
  pages(options?: { fromPageUrl?: string }): AsyncIterable<Page<Item>>;
};

/** 1..1000 to a page, 50 unless told; `limit` ends the iteration after so many items. */
export type ListQuery = { pageSize?: number; limit?: number };

/** One HTTP request and what came of it: for logs and metrics, and nothing personal in it. */
export type Attempt = {
  operation: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** HTTP status; undefined when there was no answer. */
  status: number | undefined;
  durationMs: number;
  /** 1 for the first. */
  attempt: number;
  /** `Twilio-Request-Id`. */
  requestId: string | undefined;
  /** `Twilio-Concurrent-Requests`: how many the account has running. */
  concurrentRequests: number | undefined;
  /** undefined when it succeeded. */
  errorKind: StudioErrorKind | undefined;
};
