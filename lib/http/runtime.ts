import type { Config, Scope } from '../config/configuration.ts';
import type { Secret } from '../config/secret.ts';
import type { Log } from '../telemetry/log.ts';

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
