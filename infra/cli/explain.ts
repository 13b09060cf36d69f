import { ApiProblem, ApiUnreachable } from './api.ts';
import { UsageError } from './arguments.ts';
import { Failed } from './tool.ts';

/**
 * What the API's refusal means, line by line. `nameOf` says how a place in the body (`#/olderThan`) is called
 * here (`--older-than`); a request with mistakes is a UsageError then. Anything but an answer of the API is
 * given back to be thrown on.
 */
export function explained(error: unknown, nameOf?: (pointer: string) => string): unknown {
  if (error instanceof ApiUnreachable)
    return new Failed([error.message, ...(error.mistake === null ? [] : [error.mistake])], {
      cause: error,
    });
  if (!(error instanceof ApiProblem)) return error;
  const { status, slug, message, instance, errors } = error;
  if (nameOf && errors.length > 0)
    return new UsageError(errors.map(({ detail, pointer }) => `${nameOf(pointer)} ${detail}`));
  const head = `${message.replace(/\.$/, '')} (${[status, slug].filter(Boolean).join(' ')})`;
  const mistakes = errors.map(({ detail, pointer }) => `  ${pointer} ${detail}`);
  const hint = status === 403 && slug === '' ? signatureWanted : (hints[slug] ?? []);
  const request = status >= 500 && instance ? `The logs know it as request ${instance}.` : null;
  return new Failed([head, ...mistakes, ...hint, ...(request === null ? [] : [request])], {
    cause: error,
  });
}

/** API Gateway's own refusal: the API's are problems. */
const signatureWanted = [
  'Where infra/config.ts sets iam, API Gateway asks for signatures of AWS, and this tool has a token only.',
];
const anotherAddress = ['Is this the address of the API?'];
const hints: Record<string, readonly string[]> = {
  '': anotherAddress,
  'unknown-route': anotherAddress,
  unauthenticated: [
    'This API knows no such token, or no longer: it is taken from STUDIO_API_TOKEN.',
    'npm run secret -- add-caller and rotate-caller make one.',
  ],
  forbidden: ['The token has not the scope, or not the flow, that this needs.'],
};
