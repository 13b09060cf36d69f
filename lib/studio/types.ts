/**
 * Studio's resources under the names of Twilio's Node SDK, after Twilio's OpenAPI document of v2
 * (2026-04-14), and what the client takes and returns. Times are ISO 8601 strings in UTC.
 */

import * as v from 'valibot';
import type { StudioErrorKind } from './errors.ts';
import { plainNumber } from './json/json.ts';
import type { Limiter } from './limiter/limiter.ts';

export type Credentials = { accountSid: string; username: string; password: string };

/** `refresh` is called after a 401. The source bounds how often it really reads. */
export type CredentialSource = { get(): Promise<Credentials>; refresh(): Promise<Credentials> };

export type Version = 'v1' | 'v2';

export type ExecutionStatus = 'active' | 'ended';
type FlowStatus = 'draft' | 'published';

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

function onlyTexts(values: unknown[]): string[] {
  return values.filter((value) => typeof value === 'string');
}

const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/;

/** Studio's dates are UTC. JavaScript would read a date without a zone as local time. */
function withZone(date: string): string {
  return WITHOUT_ZONE.test(date) ? `${date.replace(' ', 'T')}Z` : date;
}

/**
 * One page of Studio's. `nextPageUrl` is null at the end of the list; if the `limit` cut off items of the
 * page, it still leads to what follows the whole page.
 */
export type Page<Item> = { items: Item[]; nextPageUrl: string | null };

export type CallOptions = {
  /** Ends the call with its retries, or the whole iteration of a list. */
  signal?: AbortSignal;
  /**
   * For the whole call, retries and bodies included, in milliseconds; on a listing, for each page. Default
   * 20,000. Does not run while a try waits for a permit of the `limiter`: only the signal ends that.
   */
  timeoutMs?: number;
  /**
   * Maximum number of tries. Default 5. The retry after a 401 and 429s under a `limiter` do not count; only
   * `timeoutMs` bounds those.
   */
  maxTries?: number;
  /**
   * Of a response, or of all pages of a list. A larger one fails as `nonsense` with `oversized` and is not
   * retried. Default: the endpoint's (endpoints.ts).
   */
  maxBodyBytes?: number;
  /** Whether a `context` is read as JsonText (json-text.ts), which takes less memory. Default false. */
  contextAsText?: boolean;
  /** Delays every try until Studio is expected to accept it, and learns from the outcome (limiter/README.md). */
  limiter?: Limiter;
};

export type ListOptions = CallOptions & {
  /**
   * Whether the next page is requested while the current one is in use. Default true for the iteration over
   * items, false for `pages()`. Leave it off if the work changes the list, such as deleting.
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

/** The expected outcomes of a create. Everything else is thrown as a StudioError. */
export type CreateOutcome =
  | { outcome: 'created'; execution: Execution }
  /**
   * Success in v1, which responds with the contact's active execution as if it had been created. Do not
   * trigger through v1.
   */
  | { outcome: 'created-or-existing'; execution: Execution }
  /** The contact has an active execution already (409, code 20409). */
  | { outcome: 'conflict'; conflictingExecutionSid: string | null }
  /** The response was lost or a 5xx: Studio may or may not have created it. */
  | { outcome: 'unknown'; cause: Error };

export type FlowInput = {
  friendlyName: string;
  status: FlowStatus;
  /** The flow's definition: an object, sent as JSON. */
  definition: unknown;
  commitMessage?: string;
};

/** Absent members stay unchanged. */
export type FlowUpdate = { status: FlowStatus } & Partial<Omit<FlowInput, 'status'>>;

/** `errors`: what Studio says is wrong with the definition. */
export type Validity = { valid: boolean; errors: unknown[] };

/**
 * `afterLostResponse`: the response to an earlier try of the same call was lost, or a 5xx, so this call may have
 * done the work itself.
 */
export type EndOutcome =
  | { outcome: 'ended'; execution: Execution }
  | { outcome: 'already-ended'; afterLostResponse: boolean };

/** `afterLostResponse` as in EndOutcome. */
export type DeleteOutcome = { outcome: 'deleted' } | { outcome: 'already-gone'; afterLostResponse: boolean };

/** A list, iterated by items or by pages. Each iteration begins anew. */
export type Listing<Item> = AsyncIterable<Item> & {
  /** Begins at `fromPageUrl`, an earlier page's `nextPageUrl`. */
  pages(options?: { fromPageUrl?: string }): AsyncIterable<Page<Item>>;
};

/** One HTTP request and its outcome, for logs and metrics. Contains nothing personal. */
export type Attempt = {
  operation: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** HTTP status; undefined without a response. */
  status: number | undefined;
  durationMs: number;
  /** 1 for the first. */
  attempt: number;
  /** `Twilio-Request-Id`. */
  requestId: string | undefined;
  /** `Twilio-Concurrent-Requests`: the account's requests in flight. */
  concurrentRequests: number | undefined;
  /** undefined for a success. */
  errorKind: StudioErrorKind | undefined;
};
