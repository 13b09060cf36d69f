import * as v from 'valibot';
import { OPERATION_NAMES } from '../operations.ts';

/**
 * Everything that can be told to this Studio, by options, by `behave()` and by POST /__simulator/behaviour.
 * The defaults are the real Studio as far as it is known.
 */
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const milliseconds = v.pipe(v.number(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const operations = v.optional(v.array(v.picklist(OPERATION_NAMES)));

const fault = v.strictObject({
  kind: v.picklist([
    /** An error document of `status` (default 503). */
    'error',
    /** 429, whatever the limits. */
    'throttle',
    /** The connection is closed instead of an answer. */
    'cut',
    /** The connection is closed in the middle of the body. */
    'cut-body',
    /** An edge proxy's page with `status` (default 502). */
    'html',
    /** JSON that is no answer of Studio's: `body`, or a message, with `status` (default 200). */
    'other-json',
    /** Half of the JSON, as a whole answer. */
    'truncated-json',
    /** A body that never ends, as fast as it is read. */
    'endless-body',
    /** A body that comes a byte at a time, for ever. */
    'dripping-body',
    /** The right answer, followed by 50 MB of white space. */
    'huge-body',
    /** No answer, and the connection stays open. */
    'hang',
  ]),
  /**
   * Whether Studio did what was asked before it failed; `undone` unless given. What spoils the body of the
   * right answer comes after the work in any case, `throttle` before it.
   */
  work: v.optional(v.picklist(['done', 'undone']), 'undone'),
  /** With `done`, Studio does it this long after it failed: a create that timed out may still appear. */
  workDelayMs: v.optional(milliseconds, 0),
  status: v.optional(v.pipe(positive, v.minValue(200), v.maxValue(599))),
  body: v.optional(v.record(v.string(), v.unknown())),
  /** Only these; else all of them. */
  operations,
  /** Every Nth matching request; … */
  every: v.optional(positive),
  /** … or each with this probability; neither: each one. */
  probability: v.optional(share),
  /** The first so many matching requests are let pass. */
  after: v.optional(count, 0),
  /** Strikes so often at most. */
  times: v.optional(positive),
  /** Only on connections that carried a request before: what a frozen Lambda finds. */
  reusedSocketOnly: v.optional(v.boolean(), false),
});

/** Executions that never do what is asked of them. */
const stubborn = v.strictObject({
  /** These, or … */
  sids: v.optional(v.array(v.string()), []),
  /** … this share of all, the same ones in each run of the same seed. */
  share: v.optional(share, 0),
  operations,
  status: v.pipe(positive, v.minValue(400), v.maxValue(599)),
});

export const behaviourSchema = v.strictObject({
  /** The accepted pairs; rotate by setting others. */
  credentials: v.optional(v.array(v.strictObject({ username: v.string(), password: v.string() })), []),
  /** Before each answer, the refusing ones too: this, plus up to the jitter. */
  latencyMs: v.optional(milliseconds, 0),
  latencyJitterMs: v.optional(milliseconds, 0),
  /** Above these: 429, code 20429. Null: no limit. */
  maxInFlight: v.optional(v.nullable(count), 100),
  requestsPerSecond: v.optional(v.nullable(count), null),
  createsPerSecond: v.optional(v.nullable(count), 20),
  /** The header of a 429. Absurdly large is just a number of seconds. */
  retryAfter: v.optional(
    v.nullable(v.strictObject({ form: v.picklist(['seconds', 'date']), seconds: count })),
    null,
  ),
  /** What deleting an active execution does: nobody documents it. */
  deleteActive: v.optional(v.picklist(['delete', 'conflict']), 'delete'),
  /** Executions created from now on end by themselves after so long. */
  endAfterMs: v.optional(v.nullable(milliseconds), null),
  /** Steps of each execution; null: 1 to 6. */
  stepsPerExecution: v.optional(v.nullable(count), null),
  /** Whether lists of steps carry each step's context, which Twilio does not document. */
  listedStepContexts: v.optional(v.boolean(), false),
  pageToken: v.optional(v.picklist(['keyset', 'offset']), 'keyset'),
  /** Older page tokens: 400, code 21481. */
  pageTokenLifetimeMs: v.optional(v.nullable(milliseconds), null),
  paging: v.optional(
    v.picklist([
      'honest',
      /** From the second page on, next_page_url is the page's own. */
      'repeated-cursor',
      /** New tokens for ever, each with the first page's items. */
      'repeated-page',
      /** New tokens for ever, and no items. */
      'empty-pages',
      /** next_page_url at another host. */
      'foreign-host',
      /** next_page_url without scheme and host. */
      'relative-url',
      /** next_page_url as long as pages are full, even if nothing follows. */
      'empty-last-page',
    ]),
    'honest',
  ),
  /** Lists show the executions as they were this long ago. */
  listLagMs: v.optional(milliseconds, 0),
  ignoreStatusFilter: v.optional(v.boolean(), false),
  /** Finds and lists executions under any flow; each still names its own flow. */
  ignoreFlow: v.optional(v.boolean(), false),
  /** So many ended executions arrive in the flow before each page of its executions. */
  arrivalsPerList: v.optional(count, 0),
  /** Twilio's own error documents, or those of RFC 9457 as its newer APIs answer. */
  errors: v.optional(v.picklist(['twilio', 'problem']), 'twilio'),
  stubborn: v.optional(v.array(stubborn), []),
  faults: v.optional(v.array(fault), []),
});

export type Behaviour = v.InferOutput<typeof behaviourSchema>;
/** What callers write: members left out stay as they are. */
export type BehaviourChange = v.InferInput<typeof behaviourSchema>;
export type Fault = v.InferOutput<typeof fault>;
