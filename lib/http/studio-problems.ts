import type { StudioError, StudioErrorKind } from '../studio/errors.ts';
import { invalidRequest, Problem, type ProblemSlug } from './problems.ts';
import { redactValues } from './redact.ts';

/** For callers when Studio does not say when to come back. */
const DEFAULT_RETRY_AFTER_MS = 2_000;

const NO_ANSWER = ['studio-unavailable', 'Studio gave no answer in time; try again.'] as const;
const REJECTED = ['rejected-by-studio', 'Studio does not accept this request.'] as const;

type OtherKind = Exclude<StudioErrorKind, 'invalid-argument' | 'not-found' | 'other-flow'>;

const problemOf: Readonly<Record<OtherKind, readonly [slug: ProblemSlug, detail: string]>> = {
  aborted: NO_ANSWER,
  timeout: NO_ANSWER,
  connection: NO_ANSWER,
  unavailable: NO_ANSWER,
  conflict: REJECTED,
  rejected: REJECTED,
  throttled: ['throttled', 'Studio takes no more requests at the moment.'],
  'refused-credentials': ['studio-refused-credentials', 'Studio refused the credentials of this API.'],
  'still-there': [
    'studio-answered-nonsense',
    'Studio answered that the execution does not exist, but still shows it. Try again later.',
  ],
  nonsense: [
    'studio-answered-nonsense',
    'Studio gave an answer that cannot be read, or that is not about what was requested.',
  ],
};

/**
 * Returns the problem for a failed call. `hasExecution`: whether the route is about one execution, which a
 * 404 is then about; otherwise it is about the flow. `sent`: the request's body, whose values are redacted.
 */
export function studioProblem(error: StudioError, hasExecution: boolean, sent: unknown): Problem {
  const { kind, retryAfterMs = DEFAULT_RETRY_AFTER_MS } = error;
  if (kind === 'invalid-argument')
    return invalidRequest([{ detail: 'is not a value that Studio takes', pointer: '#' }]);
  // The answer must not reveal that the execution exists under another flow.
  if (kind === 'not-found' || kind === 'other-flow')
    return hasExecution
      ? new Problem('unknown-execution', 'Studio knows no such execution, or it has no such step.')
      : new Problem('unknown-flow', 'Studio does not know this flow.');
  const [slug, detail] = problemOf[kind];
  return new Problem(slug, detail, {
    cause: error,
    ...(slug === 'rejected-by-studio' && { members: { studio: rejection(error, sent) } }),
    ...((slug === 'studio-unavailable' || slug === 'throttled') && { retryAfterMs }),
  });
}

function rejection({ code, upstreamMessage, moreInfo }: StudioError, sent: unknown): Record<string, unknown> {
  return {
    code: code ?? null,
    message: upstreamMessage === undefined ? null : redactValues(upstreamMessage, sent),
    moreInfo: documentationLink(moreInfo, sent),
  };
}

/**
 * Returns the link to a page of Twilio's documentation without its query and fragment; null for any other
 * link.
 */
function documentationLink(link: string | undefined, sent: unknown): string | null {
  const url = URL.parse(link ?? '');
  if (url?.protocol !== 'https:' || url.host !== 'www.twilio.com') return null;
  const { pathname } = url;
  const isPage = /^\/docs\/[\w./-]+$/.test(pathname) && redactValues(pathname, sent) === pathname;
  return isPage ? `https://www.twilio.com${pathname}` : null;
}
