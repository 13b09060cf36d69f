import { Problem, type ProblemSlug, problems } from '../problems.ts';
import { type FunctionName, type Route, type RouteKey, routes } from '../routes.ts';
import { EXAMPLE_SIDS } from '../schemas/answers.ts';

const ofStudio = [
  'throttled',
  'studio-refused-credentials',
  'studio-answered-nonsense',
  'studio-unavailable',
] as const;

/** What each function may answer beside the problems of every route. */
const ofFunction: Readonly<Record<FunctionName, readonly ProblemSlug[]>> = {
  trigger: [
    ...ofStudio,
    'active-execution-exists',
    'signature-replayed',
    'rejected-by-studio',
    'outcome-unknown',
  ],
  query: ofStudio,
  end: [...ofStudio, 'still-active', 'rejected-by-studio'],
  delete: [...ofStudio, 'still-active', 'rejected-by-studio'],
  purge: [],
};

/** Every problem that a route may answer with. */
export function problemsOf(route: RouteKey): ProblemSlug[] {
  const spec: Route = routes[route];
  const slugs: ProblemSlug[] = ['internal'];
  if (spec.scope === null) return slugs;
  slugs.push('unavailable', 'unauthenticated', 'forbidden', 'invalid-request', 'malformed-request');
  slugs.push('payload-too-large', ...ofFunction[spec.function]);
  if (spec.body) slugs.push('unsupported-media-type', 'request-in-progress', 'idempotency-key-reused');
  if (route === 'POST /purges') slugs.push('throttled');
  if (route.includes('{flow}')) slugs.push('unknown-flow');
  if (route.includes('{execution}')) slugs.push('unknown-execution');
  if (route.includes('{purge}')) slugs.push('unknown-purge');
  if (route.startsWith('GET ')) slugs.push('answer-too-large');
  return slugs;
}

/** The responses of a route that are problems, one for each status; 429 also comes from the gateway. */
export function problemResponses(route: RouteKey): Record<string, unknown> {
  const { 429: throttled = [], ...others } = Object.groupBy(
    problemsOf(route),
    (slug) => problems[slug].status,
  );
  const responses = Object.entries(others).map(([status, slugs = []]) => [status, responseOf(slugs)]);
  const { description, content, ...headers } = responseOf(throttled);
  return {
    ...Object.fromEntries(responses),
    429: {
      description: `${description} Or the gateway takes no more requests.`.trim(),
      ...headers,
      content: {
        ...content,
        'application/json': { schema: { $ref: '#/components/schemas/GatewayRefusal' } },
      },
    },
  };
}

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
    studio: { code: 21211, message: 'The … number … is not valid', moreInfo: null },
  },
};

function exampleOf(slug: ProblemSlug): Record<string, unknown> {
  const problem = new Problem(slug, `${problems[slug].title}.`, { members: membersOf[slug] ?? {} });
  return problem.toBody('JKJaXmPLvHcESHA=');
}
