import * as v from 'valibot';
import { OPERATION_NAMES } from '../operations.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const milliseconds = v.pipe(v.number(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const operations = v.optional(v.array(v.picklist(OPERATION_NAMES)));

const fault = v.strictObject({
  kind: v.picklist([
    /** An error document of `status` (default 503). */
    'error',
    /** 429, although no limit is reached. */
    'throttle',
    /** The connection is closed instead of an answer. */
    'cut',
    /** The connection is closed in the middle of the body. */
    'cut-body',
    /** A proxy's HTML page with `status` (default 502). */
    'html',
    /** `body` as JSON (default: a message) with `status` (default 200). */
    'other-json',
    /** The first half of the JSON as a complete answer. */
    'truncated-json',
    /** A body that never ends, sent as fast as it is read. */
    'endless-body',
    /** A body that never ends, sent a byte at a time. */
    'dripping-body',
    /** The right answer, followed by 50 MB of white space. */
    'huge-body',
    /** No answer, and the connection stays open. */
    'hang',
  ]),
  /**
   * Whether Studio does the work before it fails. A fault of the body always comes after the work, `throttle`
   * always before it.
   */
  work: v.optional(v.picklist(['done', 'undone']), 'undone'),
  /** With `done`: the time from the failure to the work, as in a create that timed out. */
  workDelayMs: v.optional(milliseconds, 0),
  status: v.optional(v.pipe(positive, v.minValue(200), v.maxValue(599))),
  body: v.optional(v.record(v.string(), v.unknown())),
  /** Only these operations. Default: all. */
  operations,
  /** Strikes every nth matching request. */
  every: v.optional(positive),
  /** Strikes each matching request with this probability. */
  probability: v.optional(share),
  /** Spares this number of matching requests first. */
  after: v.optional(count, 0),
  /** Strikes at most this often. */
  times: v.optional(positive),
  /** Only on connections that have carried a request before, as a frozen Lambda finds them. */
  reusedSocketOnly: v.optional(v.boolean(), false),
});

/** Executions for which every request fails with `status`. */
const stubborn = v.strictObject({
  sids: v.optional(v.array(v.string()), []),
  /** Also this share of all executions, chosen by their SIDs. */
  share: v.optional(share, 0),
  operations,
  status: v.pipe(positive, v.minValue(400), v.maxValue(599)),
});

/**
 * How the simulated Studio behaves: set by options, by `behave()` and by POST /__simulator/behaviour. The
 * defaults are the real Studio, as far as it is documented.
 */
export const behaviourSchema = v.strictObject({
  /** The API keys that are accepted. Set others to rotate them. */
  credentials: v.optional(v.array(v.strictObject({ username: v.string(), password: v.string() })), []),
  /** The time before each answer; the jitter adds up to its own value. */
  latencyMs: v.optional(milliseconds, 0),
  latencyJitterMs: v.optional(milliseconds, 0),
  /** Limits, above which the answer is 429. Null: no limit. */
  maxInFlight: v.optional(v.nullable(count), 100),
  requestsPerSecond: v.optional(v.nullable(count), null),
  createsPerSecond: v.optional(v.nullable(count), 20),
  /** The `Retry-After` header of a 429. */
  retryAfter: v.optional(
    v.nullable(v.strictObject({ form: v.picklist(['seconds', 'date']), seconds: count })),
    null,
  ),
  /** What deleting an active execution does, which Twilio does not document. */
  deleteActive: v.optional(v.picklist(['delete', 'conflict']), 'delete'),
  /** Executions created from now on end by themselves after this time. */
  endAfterMs: v.optional(v.nullable(milliseconds), null),
  /** The number of steps of each execution. Null: 1 to 6. */
  stepsPerExecution: v.optional(v.nullable(count), null),
  /** Whether lists of steps have each step's context, which Twilio does not document. */
  listedStepContexts: v.optional(v.boolean(), false),
  /** What a page token points to: the last execution of its page, or a number of executions to skip. */
  pageToken: v.optional(v.picklist(['keyset', 'offset']), 'keyset'),
  /** Page tokens older than this are refused with 400. Null: none are. */
  pageTokenLifetimeMs: v.optional(v.nullable(milliseconds), null),
  paging: v.optional(
    v.picklist([
      'honest',
      /** From the second page on, next_page_url is the page's own. */
      'repeated-cursor',
      /** Endless new tokens, each with the items of the first page. */
      'repeated-page',
      /** Endless new tokens without items. */
      'empty-pages',
      /** next_page_url has another host. */
      'foreign-host',
      /** next_page_url has no scheme and host. */
      'relative-url',
      /** A full page has a next_page_url even if nothing follows. */
      'empty-last-page',
    ]),
    'honest',
  ),
  /** Lists show the executions as they were this long ago. */
  listLagMs: v.optional(milliseconds, 0),
  /** The order of lists of executions; `jumbled` swaps places up to three apart. All but the first: by offset. */
  listOrder: v.optional(v.picklist(['newest-first', 'oldest-first', 'jumbled', 'none']), 'newest-first'),
  ignoreStatusFilter: v.optional(v.boolean(), false),
  ignoreDateFilters: v.optional(v.boolean(), false),
  /** Finds and lists executions under any flow; each still names its own flow. */
  ignoreFlow: v.optional(v.boolean(), false),
  /** How many ended executions arrive in the flow before each page of its list. */
  arrivalsPerList: v.optional(count, 0),
  /** The form of errors: Twilio's own, or that of RFC 9457, which its newer APIs use. */
  errors: v.optional(v.picklist(['twilio', 'problem']), 'twilio'),
  stubborn: v.optional(v.array(stubborn), []),
  faults: v.optional(v.array(fault), []),
});

export type Behaviour = v.InferOutput<typeof behaviourSchema>;
/** Members that are left out stay as they are. */
export type BehaviourChange = v.InferInput<typeof behaviourSchema>;
export type Fault = v.InferOutput<typeof fault>;
