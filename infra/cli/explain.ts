import { ApiProblem, ApiUnreachable } from './api.ts';
import { UsageError } from './arguments.ts';
import { Failed } from './tool.ts';

/** A 403 without a problem is API Gateway's own. */
const NEEDS_SIGNATURE =
  'Where infra/config.ts sets iam, API Gateway asks for signatures of AWS, and this tool has a token only.';
const OTHER_ADDRESS = 'Is this the address of the API?';
const hints: Record<string, readonly string[]> = {
  '': [OTHER_ADDRESS],
  'unknown-route': [OTHER_ADDRESS],
  unauthenticated: [
    'This API knows no such token, or no longer: it is taken from STUDIO_API_TOKEN.',
    'npm run secret -- add-caller and rotate-caller make one.',
  ],
  forbidden: ['The token has not the scope, or not the flow, that this needs.'],
};

/**
 * Turns an error of the API into a Failed that says what to do; returns any other error as it is. With
 * `optionAt`, which names the option behind a JSON Pointer, a request with mistakes becomes a UsageError.
 */
export function explained(error: unknown, optionAt?: (pointer: string) => string): unknown {
  if (error instanceof ApiUnreachable) {
    const { message, mistake } = error;
    return new Failed(mistake === null ? [message] : [message, mistake], { cause: error });
  }
  if (!(error instanceof ApiProblem)) return error;
  const { status, slug, message, instance, errors } = error;
  if (optionAt && errors.length > 0)
    return new UsageError(errors.map(({ detail, pointer }) => `${optionAt(pointer)} ${detail}`));
  const lines = [
    `${message.replace(/\.$/, '')} (${[status, slug].filter(Boolean).join(' ')})`,
    ...errors.map(({ detail, pointer }) => `  ${pointer} ${detail}`),
    ...(status === 403 && slug === '' ? [NEEDS_SIGNATURE] : (hints[slug] ?? [])),
    ...(status >= 500 && instance ? [`The logs know it as request ${instance}.`] : []),
  ];
  return new Failed(lines, { cause: error });
}
