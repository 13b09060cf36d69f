import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { type RouteKey, UNMATCHED_ROUTE } from '../routes.ts';

/** What is read of an event. Whatever is missing or odd becomes its empty value: no event can break this. */
const text = v.fallback(v.string(), '');
const texts = v.fallback(v.record(v.string(), text), {});
const iam = v.object({ userArn: v.string() });

const eventSchema = v.object({
  routeKey: v.fallback(v.string(), UNMATCHED_ROUTE),
  rawPath: text,
  rawQueryString: v.fallback(v.optional(v.string()), undefined),
  queryStringParameters: texts,
  pathParameters: v.fallback(v.optional(v.record(v.string(), text)), undefined),
  headers: texts,
  body: text,
  isBase64Encoded: v.fallback(v.boolean(), false),
  requestContext: v.fallback(
    v.object({
      requestId: text,
      authorizer: v.fallback(
        v.optional(v.object({ iam: v.fallback(v.optional(iam), undefined) })),
        undefined,
      ),
    }),
    { requestId: '', authorizer: undefined },
  ),
});

const emptyEvent = v.parse(eventSchema, {});

export type Received = {
  /** API Gateway's id of the request. */
  id: string;
  routeKey: string;
  rawPath: string;
  rawQueryString: string;
  /** As API Gateway decoded them; undefined when it gave none. */
  pathParameters: Record<string, string> | undefined;
  /** Names in lower case. */
  headers: ReadonlyMap<string, string>;
  /** The bytes as they were sent. */
  body: Buffer;
  /** Who signed the request with AWS credentials, when an IAM authorizer let it through. */
  iam: v.InferOutput<typeof iam> | undefined;
};

/** Reads an HTTP API event (payload format 2.0), whichever way its body is encoded. */
export function readEvent(event: unknown, context: Pick<Context, 'awsRequestId'>): Received {
  const read = v.safeParse(eventSchema, event);
  const from = read.success ? read.output : emptyEvent;
  return {
    id: requestId(from.requestContext.requestId, context),
    routeKey: from.routeKey,
    rawPath: from.rawPath,
    // Some gateways give the parameters only; the order is lost then, which matters to a signature alone.
    rawQueryString: from.rawQueryString ?? new URLSearchParams(from.queryStringParameters).toString(),
    pathParameters: from.pathParameters,
    headers: new Map(Object.entries(from.headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: Buffer.from(from.body, from.isBase64Encoded ? 'base64' : 'utf8'),
    iam: from.requestContext.authorizer?.iam,
  };
}

/** The id ends up in problems and logs: anything that does not look like one is not taken. */
function requestId(id: string, context: Pick<Context, 'awsRequestId'>): string {
  return /^[\w.=+/-]{1,128}$/.test(id) ? id : context.awsRequestId;
}

/** The values of a route's `{…}`, from the event or, when it has none, from the path. */
export function pathParametersOf(route: RouteKey, received: Received): Record<string, string> {
  if (received.pathParameters) return received.pathParameters;
  const template = route.slice(route.indexOf('/')).split('/');
  const actual = received.rawPath.split('/');
  const found = template.flatMap((segment, at) =>
    segment.startsWith('{') ? [[segment.slice(1, -1), actual[at] ?? '']] : [],
  );
  return Object.fromEntries(found);
}
