import { Problem, type ProblemSlug, problems } from '../problems.ts';
import { type Route, type RouteKey, routes } from '../routes.ts';
import { EXAMPLE_SIDS } from '../schemas/answers.ts';
import { operations } from './operations.ts';

const EXAMPLE_REQUEST_ID = 'JKJaXmPLvHcESHA=';

/** Every problem that a route may answer with. */
export function problemsOf(route: RouteKey): ProblemSlug[] {
  const spec: Route = routes[route];
  const slugs: ProblemSlug[] = [...(operations[route].problems ?? []), 'internal'];
  if (spec.scope === null) return slugs;
  slugs.push(
    'unavailable',
    'unauthenticated',
    'forbidden',
    'invalid-request',
    'malformed-request',
    'payload-too-large',
  );
  if (spec.body) slugs.push('unsupported-media-type');
  if (route.includes('{flow}')) slugs.push('unknown-flow');
  if (route.includes('{execution}')) slugs.push('unknown-execution');
  if (route.includes('{purge}')) slugs.push('unknown-purge');
  if (route.startsWith('GET ')) slugs.push('answer-too-large');
  if (spec.function !== 'purge')
    slugs.push('throttled', 'studio-refused-credentials', 'studio-answered-nonsense', 'studio-unavailable');
  return slugs;
}

/** The responses of a route that are problems, one for each status; 429 also comes from the gateway. */
export function problemResponses(route: RouteKey): Record<string, unknown> {
  const byStatus = Object.groupBy(problemsOf(route), (slug) => problems[slug].status);
  const { [THROTTLED]: throttled = [], ...others } = byStatus;
  const responses = Object.entries(others).map(([status, slugs = []]) => [status, responseOf(slugs)]);
  const { description, content, ...headers } = responseOf(throttled);
  return {
    ...Object.fromEntries(responses),
    [THROTTLED]: {
      description: `${description} Or the gateway takes no more requests.`.trim(),
      ...headers,
      content: { ...content, 'application/json': gatewayRefusal },
    },
  };
}

const THROTTLED = problems.throttled.status;
const gatewayRefusal = {
  schema: { $ref: '#/components/schemas/GatewayRefusal' },
  example: { message: 'Too Many Requests' },
};

function responseOf(slugs: readonly ProblemSlug[]) {
  const headers = Object.assign({}, ...slugs.map((slug) => headersOf[slug]));
  const problem = {
    schema: { $ref: '#/components/schemas/Problem' },
    examples: Object.fromEntries(slugs.map((slug) => [slug, { value: exampleOf(slug) }])),
  };
  return {
    description: slugs.map((slug) => `\`${slug}\`: ${problems[slug].title}.`).join(' '),
    ...(Object.keys(headers).length > 0 && { headers }),
    content: slugs.length > 0 ? { 'application/problem+json': problem } : {},
  };
}

const retryAfter = {
  'Retry-After': { description: 'In seconds.', schema: { type: 'integer', minimum: 1, maximum: 60 } },
};
const headersOf: { readonly [Slug in ProblemSlug]?: object } = {
  'unsupported-media-type': { Accept: { description: 'What is taken.', schema: { type: 'string' } } },
  unauthenticated: {
    'WWW-Authenticate': { description: 'Bearer', required: true, schema: { type: 'string' } },
  },
  'request-in-progress': retryAfter,
  throttled: retryAfter,
  'studio-unavailable': retryAfter,
  unavailable: retryAfter,
  'outcome-unknown': retryAfter,
};

const membersOf: { readonly [Slug in ProblemSlug]?: Record<string, unknown> } = {
  'active-execution-exists': { conflictingExecutionSid: EXAMPLE_SIDS.FN },
  'invalid-request': { errors: [{ detail: 'is missing', pointer: '#/to' }] },
  'rejected-by-studio': {
    studio: {
      code: 21211,
      message: 'The … number … is not valid',
      moreInfo: 'https://www.twilio.com/docs/errors/21211',
    },
  },
};

function exampleOf(slug: ProblemSlug): Record<string, unknown> {
  const problem = new Problem(slug, `${problems[slug].title}.`, { members: membersOf[slug] ?? {} });
  return problem.toBody(EXAMPLE_REQUEST_ID);
}
