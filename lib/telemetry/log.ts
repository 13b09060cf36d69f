import { AsyncLocalStorage } from 'node:async_hooks';
import { ConfigError } from '../config/configuration.ts';
import type { Mistake } from '../config/validation.ts';
import { METRIC_NAMESPACE, METRIC_NAMESPACE_VARIABLE, type Metrics, metricsMember } from './metrics.ts';

/**
 * Structured logs: one JSON line each, under the names that Powertools uses, so that operators' queries work. Only
 * these fields can be logged, and no free text: addresses, parameters, contexts and credentials stay out.
 * docs/decisions/0018 tells why it is not Powertools' own logger.
 */
const TEXTS = [
  'requestId',
  'functionRequestId',
  'caller',
  'callerKind',
  'route',
  /** The alias from the configuration. */
  'flow',
  'outcome',
  'upstreamOperation',
  'policy',
  'purge',
  /** Of a durable run: `slice-4`, `abandon`. */
  'step',
] as const;

const NUMBERS = [
  'status',
  'durationMs',
  'upstreamCalls',
  'upstreamMs',
  'upstreamThrottled',
  'upstreamStatus',
  'upstreamCode',
  'slice',
] as const;

/**
 * `errors`: the class names of an error and its causes. `stack`: frames only, since an error's message may hold a
 * received value. `mistakes`: those of a ConfigError or of the secret, which name no value.
 */
const LISTS = ['upstreamRequestIds', 'errors', 'stack', 'mistakes'] as const;

type Fields<Names extends string, Value> = { [Name in Names]?: Value | undefined };

export type LogFields = Fields<(typeof TEXTS)[number], string> &
  Fields<(typeof NUMBERS)[number], number> &
  Fields<(typeof LISTS)[number], readonly string[]> & {
    /** Whether an older secret is used meanwhile. */
    kept?: boolean;
    counts?: Readonly<Record<string, number>>;
  };

const FIELD_NAMES = [...TEXTS, ...NUMBERS, ...LISTS, 'kept', 'counts'] as const;

type LogLevel = 'INFO' | 'WARN' | 'ERROR';

/** A closed list, since text put together at run time could hold anything. */
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

type LogOptions = {
  now: () => number;
  write: (line: string) => void;
  functionName: string | undefined;
  metricNamespace?: string | undefined;
};

/** Lines that an operator should look at: each counts as trouble. */
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
    // An object may have more members than its type says.
    for (const name of FIELD_NAMES) if (fields[name] !== undefined) line[name] = fields[name];
    const all = TROUBLES.has(message) ? [...metrics, ...TROUBLE] : metrics;
    if (all.length > 0) Object.assign(line, metricsMember(all, timestampMs, metricNamespace));
    if (message === 'request') coldStart = false;
    write(`${JSON.stringify(line)}\n`);
  };
}

/** The process's log. It bypasses the console, since Lambda's puts a prefix before the JSON. */
export const log: Log = createLog({
  now: Date.now,
  write: (line) => process.stdout.write(line),
  functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
  metricNamespace: process.env[METRIC_NAMESPACE_VARIABLE],
});

const MAX_CAUSES = 5;
const MAX_FRAMES = 20;

/** Describes an error by its class, the classes of its causes and its frames, never by its message. */
export function describeError(error: unknown): LogFields {
  const causes: unknown[] = [];
  for (let at = error; at !== undefined && causes.length < MAX_CAUSES; at = Object(at).cause) causes.push(at);
  return {
    errors: causes.map((one) => (one instanceof Error ? one.name : typeof one)),
    stack: error instanceof Error ? framesOf(error) : undefined,
    mistakes: causes.find((one) => one instanceof ConfigError)?.mistakes.map(inWords),
  };
}

function inWords({ pointer, detail }: Mistake): string {
  return `${pointer} ${detail}`;
}

function framesOf(error: Error): string[] {
  const stack = error.stack ?? '';
  // The message may look like a frame, so it is cut off first.
  const at = error.message === '' ? -1 : stack.indexOf(error.message);
  const frames = at < 0 ? stack : stack.slice(at + error.message.length);
  return frames
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^at [^\n]*:\d+:\d+\)?$/.test(line))
    .slice(0, MAX_FRAMES);
}

/** Logs a failed read of the secret. */
export function logSecretTrouble(trouble: { error: Error; kept: boolean }): void {
  log('ERROR', 'secret could not be read', { ...describeError(trouble.error), kept: trouble.kept });
}

/** Logs the entries and scopes of the secret that are not used, after each read that finds any. */
export function logUnusedSecret(mistakes: readonly Mistake[]): void {
  log('WARN', 'parts of the secret are not used', { mistakes: mistakes.map(inWords) });
}

/** One attempt of a call to Studio, as lib/studio reports it. */
export type UpstreamAttempt = {
  durationMs: number;
  status?: number | undefined;
  requestId?: string | undefined;
};

const THROTTLED_STATUS = 429;
const MAX_REQUEST_IDS = 20;

/** The sum of one request's upstream calls. */
export type UpstreamTally = { calls: number; ms: number; throttled: number; requestIds: string[] };

const tallies = new AsyncLocalStorage<UpstreamTally>();

/** Runs `work` and counts every attempt within it. */
export function tallyAttempts<T>(tally: UpstreamTally, work: () => T): T {
  return tallies.run(tally, work);
}

/** Adds an attempt to the tally of the request that made it. For lib/studio's `onAttempt`. */
export function noteAttempt(attempt: UpstreamAttempt): void {
  const tally = tallies.getStore();
  if (!tally) return;
  tally.calls++;
  tally.ms += attempt.durationMs;
  if (attempt.status === THROTTLED_STATUS) tally.throttled++;
  if (attempt.requestId !== undefined && tally.requestIds.length < MAX_REQUEST_IDS)
    tally.requestIds.push(attempt.requestId);
}

/** Returns the fields of a tally. Request SIDs that are not in Twilio's form, as a proxy's may be, are dropped. */
export function upstreamFields(tally: UpstreamTally): LogFields {
  return {
    upstreamCalls: tally.calls,
    upstreamMs: Math.round(tally.ms),
    upstreamThrottled: tally.throttled,
    upstreamRequestIds: tally.requestIds.filter((id) => /^[A-Za-z0-9_-]{1,64}$/.test(id)),
  };
}
