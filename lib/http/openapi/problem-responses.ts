import { Problem, type ProblemSlug, problems } from '../problems.ts';
import { type RouteKey, routes } from '../routes.ts';
import { EXAMPLE_SIDS } from '../schemas/answers.ts';
import { operations } from './operations.ts';

const EXAMPLE_REQUEST_ID = 'JKJaXmPLvHcESHA=';

/** Every problem that a route may answer with. */
export function problemsOf(route: RouteKey): ProblemSlug[] {
  const spec = routes[route];
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
  if ('body' in spec) slugs.push('unsupported-media-type');
  if (route.includes('{flow}')) slugs.push('unknown-flow');
  if (route.includes('{execution}')) slugs.push('unknown-execution');
  if (route.includes('{purge}')) slugs.push('unknown-purge');
  if (route.startsWith('GET ')) slugs.push('answer-too-large');
  if (spec.function !== 'purge')
    slugs.push('throttled', 'studio-refused-credentials', 'studio-answered-nonsense', 'studio-unavailable');
  return slugs;
}

/** The responses of a route that are problems, one for each status; of every route the gateway's own, too. */
export function problemResponses(route: RouteKey): Record<string, unknown> {
  const byStatus = { [problems.throttled.status]: [], ...Object.groupBy(problemsOf(route), statusOf) };
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, slugs = []]) => [status, responseOf(Number(status), slugs)]),
  );
}

function statusOf(slug: ProblemSlug): number {
  return problems[slug].status;
}

function responseOf(status: number, slugs: readonly ProblemSlug[]) {
  const isThrottled = status === problems.throttled.status;
  const said = slugs.map((slug) => `\`${slug}\`: ${problems[slug].title}.`);
  return {
    description: [...said, ...(isThrottled ? ['Or the gateway takes no more requests.'] : [])].join(' '),
    ...headersOf(slugs),
    content: {
      ...(slugs.length > 0 && {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(slugs.map((slug) => [slug, { value: exampleOf(slug) }])),
        },
      }),
      ...(isThrottled && {
        'application/json': {
          schema: { $ref: '#/components/schemas/GatewayRefusal' },
          example: { message: 'Too Many Requests' },
        },
      }),
    },
  };
}

/** Those that say when to come again. */
const PASSING: readonly ProblemSlug[] = [
  'request-in-progress',
  'throttled',
  'studio-unavailable',
  'unavailable',
  'outcome-unknown',
];

function headersOf(slugs: readonly ProblemSlug[]): { headers?: Record<string, unknown> } {
  if (slugs.includes('unsupported-media-type'))
    return { headers: { Accept: { description: 'What is taken.', schema: { type: 'string' } } } };
  if (slugs.includes('unauthenticated'))
    return {
      headers: {
        'WWW-Authenticate': { description: 'Bearer', required: true, schema: { type: 'string' } },
      },
    };
  if (slugs.some((slug) => PASSING.includes(slug)))
    return {
      headers: {
        'Retry-After': { description: 'In seconds.', schema: { type: 'integer', minimum: 1, maximum: 60 } },
      },
    };
  return {};
}

const members: { readonly [Slug in ProblemSlug]?: Record<string, unknown> } = {
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
  const problem = new Problem(slug, `${problems[slug].title}.`, { members: members[slug] ?? {} });
  return problem.toBody(EXAMPLE_REQUEST_ID);
}
