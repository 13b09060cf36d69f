import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Config, Scope } from '../config.ts';
import type { Secret } from '../secret.ts';
import type { Handlers } from './request.ts';

/** What `serve` needs; `lib/aws/runtime.ts` makes more than this. */
export type ServeRuntime = {
  config: Config;
  secret: {
    get(): Promise<Secret>;
    /** Reads it anew; single flight and cool-down are the source's business. */
    refresh(): Promise<Secret>;
  };
  /** What IAM callers are granted (`STUDIO_IAM_SCOPES`); null when the deployment does not take them. */
  environment: { iamScopes: readonly Scope[] | null };
  now: () => number;
};

export type Handler = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** The handler of a function: an API Gateway event becomes a checked request, its answer or a problem. */
export function serve(_runtime: ServeRuntime, _handlers: Handlers): Handler {
  return async () => ({ statusCode: 500 });
}
