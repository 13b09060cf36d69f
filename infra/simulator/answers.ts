/** An answer before it meets the wire. `body` is sent as JSON, a string as it is; there is none with 204. */
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> };

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

/** Twilio's error document. */
type ErrorBody = {
  code: ErrorCode;
  message: string;
  more_info: string;
  status: number;
  details?: Record<string, unknown>;
};

type Extras = {
  details?: Record<string, unknown>;
  headers?: Record<string, string>;
  /** In place of the code's own. */
  status?: number;
};

/** Studio's refusal of a call. Handlers throw it. */
export class Refusal extends Error {
  readonly #body: ErrorBody;
  readonly #headers: Record<string, string>;

  constructor(
    code: ErrorCode,
    message: string,
    { details, headers = {}, status = statuses[code] }: Extras = {},
  ) {
    super(message);
    const more_info = `https://www.twilio.com/docs/errors/${code}`;
    this.#body = { code, message, more_info, status, ...(details && { details }) };
    this.#headers = headers;
  }

  /** `problem` is the form of Twilio's newer APIs: RFC 9457, with Twilio's code beside it. */
  answer(form: 'twilio' | 'problem' = 'twilio'): Answer {
    const { more_info: type, message, ...rest } = this.#body;
    const { status } = rest;
    if (form === 'twilio') return { status, body: this.#body, headers: this.#headers };
    const headers = { ...this.#headers, 'Content-Type': 'application/problem+json' };
    return { status, body: { type, title: message, detail: message, ...rest }, headers };
  }
}

export function notFound(path: string): Refusal {
  return new Refusal(20404, `The requested resource ${path} was not found`);
}

export function invalidParameter(name: string): Refusal {
  return new Refusal(20001, `Invalid parameter: ${name}`);
}

/** The form's parameter; refuses the call without it. */
export function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value) return value;
  throw new Refusal(20001, `Missing required parameter ${name} in the post body`);
}
