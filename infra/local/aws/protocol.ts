import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { type Exchange, type Listening, listen, type Reply } from '../http.ts';

/** An error that a stand-in answers as the service does. */
export class AwsError extends Error {
  readonly status: number;
  readonly code: string;

  /** `code` is the exception's name in the SDK, such as ResourceNotFoundException. */
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** An operation or a parameter that AWS has and this stand-in has not. */
export function unsupported(status: number, code: string, what: string): AwsError {
  return new AwsError(status, code, `This stand-in does not support ${what}.`);
}

export const REGION = 'us-east-1';
export const ACCOUNT_ID = '000000000000';

export function jsonReply(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

function jsonError({ status, code, message }: AwsError): Reply {
  const body = { __type: code, Type: status >= 500 ? 'Service' : 'User', message, Message: message };
  return jsonReply(status, body, { 'x-amzn-errortype': code });
}

/** Starts the server of a stand-in. `answer` gets signed requests, and may throw an AwsError. */
export function startStandIn(options: {
  maxBodyBytes: number;
  answer: (exchange: Exchange) => Promise<Reply> | Reply;
  /** Default: the JSON of Lambda and Secrets Manager. */
  errorReply?: (error: AwsError) => Reply;
}): Promise<Listening> {
  const { maxBodyBytes, answer, errorReply = jsonError } = options;
  const answerOrError = async (exchange: Exchange): Promise<Reply> => {
    try {
      requireSignature(exchange.headers);
      return await answer(exchange);
    } catch (error) {
      if (error instanceof AwsError) return errorReply(error);
      throw error;
    }
  };
  return listen({
    maxBodyBytes,
    tooLarge: errorReply(new AwsError(413, 'RequestTooLargeException', 'The request is too large')),
    async answer(exchange) {
      const { headers, ...reply } = await answerOrError(exchange);
      const id = randomUUID();
      // S3's name for it is the second.
      return { ...reply, headers: { 'x-amzn-requestid': id, 'x-amz-request-id': id, ...headers } };
    },
  });
}

/** Throws what AWS answers to a request without a signature. Does not verify the signature. */
function requireSignature({ authorization }: Exchange['headers']): void {
  if (!authorization?.startsWith('AWS4-HMAC-SHA256 '))
    throw new AwsError(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
}

const jsonBody = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown()));

/** Reads a JSON object. Throws what the services answer to anything else. */
export function jsonObject(body: Buffer): Record<string, unknown> {
  const read = v.safeParse(jsonBody, body.toString() || '{}');
  if (!read.success) throw new AwsError(400, 'SerializationException', 'The body is not a JSON object');
  return read.output;
}
