import type * as v from 'valibot';
import type { Config, ConfiguredFlow, Scope } from '../config/configuration.ts';
import type { Secret } from '../config/secret.ts';
import type { Log } from '../telemetry/log.ts';
import type { ParameterOf, RouteKey, routes } from './routes.ts';
import type { AnswerBody, AnswerName } from './schemas/answers.ts';

export type Caller = {
  /** `kind:name`, unique over all kinds: what idempotency keys and purges are kept under. */
  id: string;
  name: string;
  kind: 'bearer' | 'webhook' | 'twilio' | 'iam';
  scopes: readonly Scope[];
  /** SIDs of the flows that the caller may touch; null means every configured one. */
  flows: readonly string[] | null;
  /** A hash of what Twilio signed: the same for each key and each spelling of the URL. */
  signed?: string;
};

/** Whether the caller may access the flow. */
export function mayTouch(caller: Caller, flow: Pick<ConfiguredFlow, 'sid'>): boolean {
  return caller.flows === null || caller.flows.includes(flow.sid);
}

type RouteSpec<K extends RouteKey> = (typeof routes)[K];
type QueryOf<K extends RouteKey> =
  RouteSpec<K> extends { query: infer S extends v.GenericSchema } ? v.InferOutput<S> : Record<string, never>;
type BodyOf<K extends RouteKey> =
  RouteSpec<K> extends { body: infer S extends v.GenericSchema } ? v.InferOutput<S> : undefined;

export type Idempotency = {
  /** Identifies a repeated request; null if nothing does. */
  idempotencyKey: string | null;
  /**
   * The key header of a request that is identified by its signature, which does not cover the header; null if
   * there is none. Undefined for every other request.
   */
  unsignedKey?: string | null;
};

export type Timed = {
  /** When the answer is due, in epoch milliseconds. */
  deadlineMs: number;
  /** Ends at the deadline: hand it to every upstream call. */
  signal: AbortSignal;
};

/** A request that was authenticated, authorised and validated. */
export type Request<K extends RouteKey = RouteKey> = {
  route: K;
  /** null for a public route. */
  caller: RouteSpec<K>['scope'] extends null ? null : Caller;
  params: { [Name in ParameterOf<K>]: string };
  /** When the route has `{flow}`: one that is configured, and that the caller may touch. */
  flow: 'flow' extends ParameterOf<K> ? ConfiguredFlow : null;
  query: QueryOf<K>;
  body: BodyOf<K>;
} & Idempotency &
  Timed;

/** The same before the compiler knows which route it is. */
export type AdmittedRequest = {
  route: RouteKey;
  caller: Caller | null;
  params: Record<string, string>;
  flow: ConfiguredFlow | null;
  query: unknown;
  body: unknown;
} & Idempotency;

/** What a handler answers; `serve` adds the common headers. */
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> };

/** An answer with the body of the schema of this name. */
export type AnswerOf<Name extends AnswerName> = Answer & { body: AnswerBody<Name> };

export type Handlers = { [K in RouteKey]?: (request: Request<K>) => Promise<Answer> };

/** What `serve` needs of a function's runtime, which is made in lib/aws. */
export type ServeRuntime = {
  config: Config;
  secret: {
    get(): Promise<Secret>;
    /** Reads it anew; single flight and cool-down are the source's business. */
    refresh(): Promise<Secret>;
  };
  /** What IAM callers are granted (`STUDIO_IAM_SCOPES`); null when the deployment does not take them. */
  environment: {
    iamScopes: readonly Scope[] | null;
    /**
     * The flows that IAM callers may touch (`STUDIO_IAM_FLOWS`, aliases or SIDs); every configured one if
     * absent.
     */
    iamFlows?: readonly string[] | null;
  };
  now: () => number;
  /** Where the line of each request goes; the process's log when left out. */
  log?: Log;
};
