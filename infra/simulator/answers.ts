/**
 * An answer before it meets the wire: `body`, which is text already if it is a string, or `json`, which is
 * its text as well; neither for 204.
 */
export type Answer = { status: number; body?: unknown; json?: string; headers?: Record<string, string> };

/** What goes over the wire; undefined: nothing. */
export function textOf({ json, body }: Answer): string | undefined {
  if (json !== undefined) return json;
  return typeof body === 'string' ? body : JSON.stringify(body);
}

export const JSON_TYPE = { 'Content-Type': 'application/json;charset=utf-8' };

/** What is left of a text that was cut off. */
export function half(text: string): string {
  return text.slice(0, Math.ceil(text.length / 2));
}

/** Twilio's error codes that this simulator uses, with the status that each comes with. */
const statuses = {
  20001: 400,
  20003: 401,
  20004: 405,
  20404: 404,
  20409: 409,
  20413: 413,
  20429: 429,
  20500: 500,
  20503: 503,
  21211: 400,
  21212: 400,
  21481: 400,
  81022: 400,
  81023: 400,
} as const;
export type ErrorCode = keyof typeof statuses;

type TwilioError = {
  code: number;
  message: string;
  more_info: string;
  status: number;
  details?: Record<string, unknown>;
};

/** Twilio's error document: {code, message, more_info, status, details?}. */
export function refuse(
  code: ErrorCode,
  message: string,
  details?: Record<string, unknown>,
): Answer & { body: TwilioError } {
  const status = statuses[code];
  const body: TwilioError = {
    code,
    message,
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status,
  };
  return { status, body: details ? { ...body, details } : body };
}

export function notFound(path: string): Answer {
  return refuse(20404, `The requested resource ${path} was not found`);
}

export function invalidParameter(name: string): Answer {
  return refuse(20001, `Invalid parameter: ${name}`);
}

export function missingParameter(name: string): Answer {
  return refuse(20001, `Missing required parameter ${name} in the post body`);
}

/** The same refusal in the form that Twilio's newer APIs have: RFC 9457, with Twilio's code beside it. */
export function asProblem(answer: Answer): Answer {
  if (!isTwilioError(answer.body)) return answer;
  const { code, message, more_info: type, status, details } = answer.body;
  const body = { type, title: message, status, code, detail: message, ...(details && { details }) };
  return { ...answer, body, headers: { ...answer.headers, 'Content-Type': 'application/problem+json' } };
}

function isTwilioError(body: unknown): body is TwilioError {
  return typeof body === 'object' && body !== null && 'more_info' in body && 'message' in body;
}
