import { AsyncLocalStorage } from 'node:async_hooks';
import { ConfigError } from '../config/configuration.ts';
import type { Mistake } from '../config/validation.ts';
import { METRIC_NAMESPACE, METRIC_NAMESPACE_VARIABLE, type Metrics, metricsMember } from './metrics.ts';

/**
 * Structured logs: one JSON line each, under the names that Powertools uses, so that operators' queries
 * work. Nothing can be logged but the fields named here, and no free text: this is what keeps addresses,
 * parameters, contexts and credentials out. Powertools' own logger and metrics cost 8 ms of each cold start
 * more than this file (34 KB instead of 3), measured on Node 24.
 */
export type LogFields = {
  requestId?: string;
  functionRequestId?: string;
  caller?: string;
  callerKind?: string;
  route?: string;
  /** The alias from the configuration. */
  flow?: string;
  status?: number;
  outcome?: string;
  durationMs?: number;
  upstreamCalls?: number;
  upstreamMs?: number;
  upstreamThrottled?: number;
  upstreamRequestIds?: readonly string[];
  upstreamOperation?: string;
  upstreamStatus?: number;
  upstreamCode?: number;
  /** The class name of an error and those of its causes. */
  errors?: readonly string[];
  /** Frames only: an error's message may hold what it was given. */
  stack?: readonly string[];
  /** The mistakes of a ConfigError or of the secret. They name no value. */
  mistakes?: readonly string[];
  /** Whether an older secret is used meanwhile. */
  kept?: boolean;
  policy?: string;
  purge?: string;
  slice?: number;
  /** Of a durable run: `slice-4`, `abandon`. */
  step?: string;
  counts?: Readonly<Record<string, number>>;
};

const FIELD_NAMES = [
  'requestId',
  'functionRequestId',
  'caller',
  'callerKind',
  'route',
  'flow',
  'status',
  'outcome',
  'durationMs',
  'upstreamCalls',
  'upstreamMs',
  'upstreamThrottled',
  'upstreamRequestIds',
  'upstreamOperation',
  'upstreamStatus',
  'upstreamCode',
  'errors',
  'stack',
  'mistakes',
  'kept',
  'policy',
  'purge',
  'slice',
  'step',
  'counts',
] as const satisfies readonly (keyof LogFields)[];

export type LogLevel = 'INFO' | 'WARN' | 'ERROR';

/** What a line says. A closed list, because text put together at run time could hold anything. */
export type LogMessage =
  | 'request'
  | 'secret could not be read'
  | 'parts of the secret are not used'
  | 'the configuration has mistakes'
  | 'claim could not be settled'
  | 'purge slice'
  | 'purge ended'
  | 'policy started'
  | 'executions counted'
  | 'executions could not be counted'
  | 'unexpected error';

export type Log = (level: LogLevel, message: LogMessage, fields: LogFields, metrics?: Metrics) => void;

export type LogOptions = {
  now: () => number;
  write: (line: string) => void;
  functionName: string | undefined;
  metricNamespace?: string | undefined;
};

/** Lines that somebody should look at, whatever else happens to the request: each counts as trouble. */
const TROUBLES: ReadonlySet<LogMessage> = new Set([
  'secret could not be read',
  'the configuration has mistakes',
  'claim could not be settled',
  'executions could not be counted',
  'unexpected error',
] satisfies LogMessage[]);

const TROUBLE: Metrics = [{ dimensions: [['message']], values: { trouble: 1 } }];

export function createLog({ now, write, functionName, metricNamespace = METRIC_NAMESPACE }: LogOptions): Log {
  let coldStart = true;
  return (level, message, fields, metrics = []) => {
    const timestampMs = now();
    const line: Record<string, unknown> = {
      level,
      message,
      timestamp: new Date(timestampMs).toISOString(),
      service: 'studio-executions',
      function_name: functionName,
      cold_start: coldStart,
    };
    // Named one by one: what a caller of this smuggles in beside them is not written.
    for (const name of FIELD_NAMES) if (fields[name] !== undefined) line[name] = fields[name];
    const all = TROUBLES.has(message) ? [...metrics, ...TROUBLE] : metrics;
    if (all.length > 0) Object.assign(line, metricsMember(all, timestampMs, metricNamespace));
    if (message === 'request') coldStart = false;
    write(`${JSON.stringify(line)}\n`);
  };
}

/** The process's log. Written to stdout itself: Lambda's console would put its own prefix before the JSON. */
export const log: Log = createLog({
  now: Date.now,
  write: (line) => process.stdout.write(line),
  functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
  metricNamespace: process.env[METRIC_NAMESPACE_VARIABLE],
});

const MAX_CAUSES = 5;
const MAX_FRAMES = 20;

/** What may be told of an error: its class and its causes' classes, and where; never its message. */
export function describeError(error: unknown): LogFields {
  const errors: string[] = [];
  const mistakes: string[] = [];
  for (let at = error; at !== undefined && errors.length < MAX_CAUSES; at = causeOf(at)) {
    errors.push(at instanceof Error ? at.name : typeof at);
    if (at instanceof ConfigError) mistakes.push(...at.mistakes.map((one) => `${one.pointer} ${one.detail}`));
  }
  const stack = error instanceof Error ? framesOf(error) : [];
  return { errors, ...(stack.length > 0 ? { stack } : {}), ...(mistakes.length > 0 ? { mistakes } : {}) };
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function framesOf(error: Error): string[] {
  const stack = error.stack ?? '';
  // The message may look like a frame: it is cut off before the frames are looked for.
  const at = error.message === '' ? -1 : stack.indexOf(error.message);
  const frames = at < 0 ? stack : stack.slice(at + error.message.length);
  return frames
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^at [^\n]*:\d+:\d+\)?$/.test(line))
    .slice(0, MAX_FRAMES);
}

/** Told by the secret's source about every failed read. */
export function logSecretTrouble(trouble: { error: Error; kept: boolean }): void {
  log('ERROR', 'secret could not be read', { ...describeError(trouble.error), kept: trouble.kept });
}

/** Logs the entries and scopes of the secret that are not used, after each read that finds any. */
export function logUnusedSecret(mistakes: readonly Mistake[]): void {
  log('WARN', 'parts of the secret are not used', {
    mistakes: mistakes.map(({ pointer, detail }) => `${pointer} ${detail}`),
  });
}

/** One attempt of a call to Studio, as lib/studio reports it. */
export type UpstreamAttempt = {
  durationMs: number;
  status?: number | undefined;
  requestId?: string | undefined;
};

const THROTTLED_STATUS = 429;
const MAX_REQUEST_IDS = 20;

/** What the upstream calls of one request came to. */
export type UpstreamTally = { calls: number; ms: number; throttled: number; requestIds: string[] };

const tallies = new AsyncLocalStorage<UpstreamTally>();

/** Runs `work` and counts every attempt that is made within it. */
export function tallyAttempts<T>(tally: UpstreamTally, work: () => T): T {
  return tallies.run(tally, work);
}

/** For lib/studio's `onAttempt`: counts for the request that it belongs to. */
export function noteAttempt(attempt: UpstreamAttempt): void {
  const tally = tallies.getStore();
  if (!tally) return;
  tally.calls++;
  tally.ms += attempt.durationMs;
  if (attempt.status === THROTTLED_STATUS) tally.throttled++;
  if (attempt.requestId !== undefined && tally.requestIds.length < MAX_REQUEST_IDS)
    tally.requestIds.push(attempt.requestId);
}

/** SIDs of requests, as Twilio writes them; whatever else a proxy may send is not worth a line. */
export function upstreamFields(tally: UpstreamTally): LogFields {
  return {
    upstreamCalls: tally.calls,
    upstreamMs: Math.round(tally.ms),
    upstreamThrottled: tally.throttled,
    upstreamRequestIds: tally.requestIds.filter((id) => /^[A-Za-z0-9_-]{1,64}$/.test(id)),
  };
}
