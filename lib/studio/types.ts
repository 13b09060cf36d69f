/**
 * Studio's resources under the names of Twilio's Node SDK, after Twilio's OpenAPI document of v2 (2026-04-14),
 * and what the client takes and returns. Times are ISO 8601 strings in UTC.
 */

import * as v from 'valibot';
import type { StudioErrorKind } from './errors.ts';
import { plainNumber } from './json/json.ts';
import type { Limiter } from './limiter/limiter.ts';

export type Credentials = { accountSid: string; username: string; password: string };

/** `refresh` reads anew, after a 401; that it does so once for many and not too often is its own business. */
export type CredentialSource = { get(): Promise<Credentials>; refresh(): Promise<Credentials> };

export type Version = 'v1' | 'v2';

export type ExecutionStatus = 'active' | 'ended';
export type FlowStatus = 'draft' | 'published';

/** A missing field, or one of another type, is null: Twilio documents nearly every field as nullable. */
const orNull = <const Schema extends v.GenericSchema>(schema: Schema) => v.fallback(v.nullable(schema), null);
const text = orNull(v.string());
const date = orNull(v.pipe(v.string(), v.transform(withZone), v.string()));
const integer = orNull(v.pipe(v.unknown(), v.transform(plainNumber), v.number(), v.integer()));
const list = orNull(v.array(v.unknown()));
/** Any JSON. A number that JavaScript would write differently is a RawNumber (json.ts). */
const json = v.fallback(v.unknown(), null);
const sid = v.pipe(v.string(), v.nonEmpty());

export const executionSchema = v.object({
  sid,
  accountSid: text,
  flowSid: text,
  /** Personal data: the contact's address. Never log it. */
  contactChannelAddress: text,
  contactSid: text,
  flowVersion: integer,
  status: orNull(v.picklist(['active', 'ended'])),
  dateCreated: date,
  /** null until the first change. */
  dateUpdated: date,
  initiatedBy: text,
  url: text,
});
export type Execution = v.InferOutput<typeof executionSchema>;

/** Personal data throughout: message bodies, phone numbers, cities. Never log it. */
export const executionContextSchema = v.object({
  accountSid: text,
  context: json,
  executionSid: text,
  flowSid: text,
  url: text,
});
export type ExecutionContext = v.InferOutput<typeof executionContextSchema>;

export const stepContextSchema = v.object({ ...executionContextSchema.entries, stepSid: text });
export type StepContext = v.InferOutput<typeof stepContextSchema>;

export const stepSchema = v.object({
  sid,
  accountSid: text,
  flowSid: text,
  executionSid: text,
  parentStepSid: text,
  name: text,
  /** Personal data, if the step carries it. `steps.context` fetches it in any case. */
  context: json,
  transitionedFrom: text,
  transitionedTo: text,
  type: text,
  dateCreated: date,
  dateUpdated: date,
  url: text,
});
export type Step = v.InferOutput<typeof stepSchema>;

/** A flow or one of its revisions. */
export const flowSchema = v.object({
  sid,
  accountSid: text,
  authorSid: text,
  friendlyName: text,
  definition: json,
  status: orNull(v.picklist(['draft', 'published'])),
  /** v1 calls it version. */
  revision: integer,
  commitMessage: text,
  valid: orNull(v.boolean()),
  errors: list,
  warnings: list,
  dateCreated: date,
  dateUpdated: date,
  webhookUrl: text,
  url: text,
});
export type Flow = v.InferOutput<typeof flowSchema>;

export const testUsersSchema = v.object({
  sid,
  testUsers: v.fallback(v.pipe(v.array(v.unknown()), v.transform(onlyTexts), v.array(v.string())), []),
  url: text,
});
export type TestUsers = v.InferOutput<typeof testUsersSchema>;

function onlyTexts(values: unknown[]): string[] {
  return values.filter((value) => typeof value === 'string');
}

const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/;

/** Studio's dates are UTC. JavaScript would read a date without a zone as local time. */
function withZone(date: string): string {
  return WITHOUT_ZONE.test(date) ? `${date.replace(' ', 'T')}Z` : date;
}

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

export type ListQuery = {
  /** 1..1000. Default 50, or the limit. */
  pageSize?: number;
  /** Ends the iteration after this many items. */
  limit?: number;
};

export type ListExecutionsQuery = ListQuery & {
  status?: ExecutionStatus;
  /** On or after, ISO 8601. */
  dateCreatedFrom?: string;
  /** Before, ISO 8601. */
  dateCreatedTo?: string;
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
