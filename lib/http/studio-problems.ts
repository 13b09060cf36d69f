import type { StudioError } from '../studio/errors.ts';
import { invalidRequest, Problem } from './problems.ts';
import { redactValues } from './redact.ts';

/** For callers when Studio does not say when to come back. */
const DEFAULT_RETRY_AFTER_MS = 2_000;

/**
 * The problem that stands for a failed call. `hasExecution`: whether the route is about one execution, which
 * is then what a 404 is about; otherwise it is about the flow. `sent`: the body that the caller sent, of
 * which nothing may be told back.
 */
export function studioProblem(error: StudioError, hasExecution: boolean, sent: unknown): Problem {
  const retryAfterMs = error.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS;
  switch (error.kind) {
    case 'invalid-argument':
      return invalidRequest([{ detail: 'is not a value that Studio takes', pointer: '#' }]);
    case 'aborted':
    case 'timeout':
    case 'connection':
    case 'unavailable':
      return new Problem('studio-unavailable', 'Studio gave no answer in time; try again.', {
        retryAfterMs,
        cause: error,
      });
    case 'refused-credentials':
      return new Problem('studio-refused-credentials', 'Studio refused the credentials of this API.', {
        cause: error,
      });
    case 'not-found':
    // The answer must not reveal that the execution exists under another flow.
    case 'other-flow':
      return hasExecution
        ? new Problem('unknown-execution', 'Studio knows no such execution, or it has no such step.')
        : new Problem('unknown-flow', 'Studio does not know this flow.');
    case 'throttled':
      return new Problem('throttled', 'Studio takes no more requests at the moment.', {
        retryAfterMs,
        cause: error,
      });
    case 'conflict':
    case 'rejected':
      return new Problem('rejected-by-studio', 'Studio does not accept this request.', {
        members: { studio: rejection(error, sent) },
        cause: error,
      });
    case 'still-there':
      return new Problem(
        'studio-answered-nonsense',
        'Studio answered that the execution does not exist, but still shows it. Try again later.',
        { cause: error },
      );
    case 'nonsense':
      return new Problem(
        'studio-answered-nonsense',
        'Studio gave an answer that cannot be read, or that is not about what was requested.',
        { cause: error },
      );
    default:
      return unreachable(error.kind);
  }
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

function unreachable(kind: never): never {
  throw new Error(`no problem for ${String(kind)}`);
}
