import type { StudioError } from '../studio/errors.ts';
import { invalidRequest, Problem } from './problems.ts';

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
    // That there is one of another flow is not told.
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
        'Studio answered that there is no such execution to end or delete, and still shows it. Try again later.',
        { cause: error },
      );
    case 'nonsense':
      return new Problem(
        'studio-answered-nonsense',
        'Studio gave an answer that cannot be read, or that is about something else than was asked for.',
        { cause: error },
      );
    default:
      return unreachable(error.kind);
  }
}

function rejection({ code, upstreamMessage, moreInfo }: StudioError, sent: unknown): Record<string, unknown> {
  return {
    code: code ?? null,
    message: upstreamMessage === undefined ? null : withoutValues(upstreamMessage, sent),
    moreInfo: moreInfo?.startsWith('https://www.twilio.com/') ? moreInfo : null,
  };
}

const MAX_READ_CHARACTERS = 2_000;
const MAX_MESSAGE_CHARACTERS = 300;

/**
 * Twilio's words often repeat what was sent. Whatever the caller sent, what stands in quotes and what looks
 * like an address is cut out, since a problem may end up in anybody's logs.
 */
function withoutValues(message: string, sent: unknown): string {
  let text = message.slice(0, MAX_READ_CHARACTERS);
  for (const value of textsIn(sent)) text = text.replaceAll(value, '…');
  return text
    .replaceAll(/(["'`])(?:(?!\1).)*\1/g, '…')
    .replaceAll(/\b[a-z][a-z0-9+.-]*:(?!\/\/)\S+/gi, '…')
    .replaceAll(/\S+@\S+/g, '…')
    .replaceAll(/\+?\d[\d\s().-]{5,}\d/g, '…')
    .slice(0, MAX_MESSAGE_CHARACTERS);
}

const MAX_TEXTS = 200;
/** Shorter ones would take words apart. */
const MIN_TEXT_CHARACTERS = 3;

/** The texts and names in a body that has passed the checks, and so is not deep; the longest ones first. */
function textsIn(sent: unknown): string[] {
  const found: string[] = [];
  const look = (value: unknown) => {
    if (typeof value === 'string') found.push(value);
    else if (JSON.isRawJSON(value)) found.push(value.rawJSON);
    else if (typeof value === 'number') found.push(String(value));
    else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) look(one);
  };
  look(sent);
  // The body's own names are ours and may stand in any sentence; those of the parameters are the caller's.
  if (typeof sent === 'object' && sent !== null && 'parameters' in sent)
    found.push(...namesIn(sent.parameters));
  return found
    .filter((text) => text.length >= MIN_TEXT_CHARACTERS)
    .sort((one, other) => other.length - one.length)
    .slice(0, MAX_TEXTS);
}

function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return [];
  const names = Array.isArray(value) ? [] : Object.keys(value);
  return [...names, ...Object.values(value).flatMap(namesIn)];
}

function unreachable(kind: never): never {
  throw new Error(`no problem for ${String(kind)}`);
}
