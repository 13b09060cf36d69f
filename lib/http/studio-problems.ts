import type { StudioError } from '../studio/errors.ts';
import { invalidRequest, Problem } from './problems.ts';

/** For callers when Studio does not say when to come back. */
const DEFAULT_RETRY_AFTER_MS = 2_000;

/**
 * The problem that stands for a failed call. `hasExecution`: whether the route is about one execution, which
 * is then what a 404 is about; otherwise it is about the flow.
 */
export function studioProblem(error: StudioError, hasExecution: boolean): Problem {
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
        members: { studio: rejection(error) },
        cause: error,
      });
    case 'nonsense':
      return new Problem('studio-answered-nonsense', 'Studio gave an answer that cannot be read.', {
        cause: error,
      });
    default:
      return unreachable(error.kind);
  }
}

function rejection({ code, upstreamMessage, moreInfo }: StudioError): Record<string, unknown> {
  return {
    code: code ?? null,
    message: upstreamMessage === undefined ? null : withoutValues(upstreamMessage),
    moreInfo: moreInfo?.startsWith('https://www.twilio.com/') ? moreInfo : null,
  };
}

const MAX_MESSAGE_CHARACTERS = 300;

/**
 * Twilio's words often repeat what was sent. Addresses and whatever stands in quotes are cut out, since a
 * problem may end up in anybody's logs.
 */
export function withoutValues(message: string): string {
  return message
    .slice(0, MAX_MESSAGE_CHARACTERS)
    .replaceAll(/(["'`])(?:(?!\1).)*\1/g, '…')
    .replaceAll(/\b[a-z][a-z0-9+.-]*:(?!\/\/)\S+/gi, '…')
    .replaceAll(/\S+@\S+/g, '…')
    .replaceAll(/\+?\d[\d\s().-]{5,}\d/g, '…');
}

function unreachable(kind: never): never {
  throw new Error(`no problem for ${String(kind)}`);
}
