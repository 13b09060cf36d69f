/** An answer before it meets the wire. `body` is sent as JSON, a string as it is; there is none with 204. */
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> | undefined };

type Extras = {
  details?: Record<string, unknown>;
  headers?: Record<string, string>;
  /** In place of the code's own. */
  status?: number;
};

/** Studio's refusal of a call. Handlers throw it. */
export class Refusal extends Error {
  readonly #code: number;
  readonly #extras: Extras;

  /** `code` is Twilio's: https://www.twilio.com/docs/api/errors */
  constructor(code: number, message: string, extras: Extras = {}) {
    super(message);
    this.#code = code;
    this.#extras = extras;
  }

  /** `problem` is the form of Twilio's newer APIs: RFC 9457, with Twilio's code beside it. */
  answer(form: 'twilio' | 'problem' = 'twilio'): Answer {
    const { message } = this;
    const { details, headers, status = statusOf(this.#code) } = this.#extras;
    const url = `https://www.twilio.com/docs/errors/${this.#code}`;
    const common = { code: this.#code, status, ...(details && { details }) };
    if (form === 'twilio') return { status, body: { ...common, message, more_info: url }, headers };
    return {
      status,
      body: { ...common, type: url, title: message, detail: message },
      headers: { ...headers, 'Content-Type': 'application/problem+json' },
    };
  }
}

/** The codes from 20400 on have the status in their last digits. */
function statusOf(code: number): number {
  if (code === 20003) return 401;
  if (code === 20004) return 405;
  return code >= 20400 && code < 20600 ? code - 20000 : 400;
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
