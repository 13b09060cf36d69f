import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { type RouteKey, UNMATCHED_ROUTE } from '../routes.ts';

const text = v.fallback(v.string(), '');
const texts = v.fallback(v.record(v.string(), text), {});
const iam = v.object({ userArn: v.string() });

function orAbsent<S extends v.GenericSchema>(schema: S) {
  return v.fallback(v.optional(schema), undefined);
}

/** What is read of an event. Whatever is missing or malformed becomes empty, so every event can be read. */
const eventSchema = v.object({
  routeKey: v.fallback(v.string(), UNMATCHED_ROUTE),
  rawPath: text,
  rawQueryString: orAbsent(v.string()),
  queryStringParameters: texts,
  pathParameters: orAbsent(v.record(v.string(), text)),
  headers: texts,
  body: text,
  isBase64Encoded: v.fallback(v.boolean(), false),
  requestContext: v.fallback(
    v.object({ requestId: text, authorizer: orAbsent(v.object({ iam: orAbsent(iam) })) }),
    { requestId: '' },
  ),
});

export type Received = ReturnType<typeof readEvent>;

/** Reads an HTTP API event (payload format 2.0), whichever way its body is encoded. */
export function readEvent(event: unknown, context: Pick<Context, 'awsRequestId'>) {
  const from = v.parse(eventSchema, Object(event));
  return {
    /** API Gateway's id of the request. */
    id: requestId(from.requestContext.requestId, context),
    routeKey: from.routeKey,
    rawPath: from.rawPath,
    // Some gateways give the parameters only; the order is lost then, which matters to a signature alone.
    rawQueryString: from.rawQueryString ?? new URLSearchParams(from.queryStringParameters).toString(),
    /** As API Gateway decoded them; undefined when it gave none. */
    pathParameters: from.pathParameters,
    /** Names in lower case. */
    headers: new Map(
      Object.entries(from.headers).map(([name, value]) => [name.toLowerCase(), value] as const),
    ),
    /** The bytes as they were sent. */
    body: Buffer.from(from.body, from.isBase64Encoded ? 'base64' : 'utf8'),
    /** The principal that signed the request with AWS credentials, if an IAM authorizer accepted it. */
    iam: from.requestContext.authorizer?.iam,
  };
}

/** Returns Lambda's id if the gateway's does not look like one, since it is shown in problems and logs. */
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
