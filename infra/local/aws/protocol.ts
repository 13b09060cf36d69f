import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { Reply } from '../http.ts';

/** What AWS's JSON protocols have in common: how an answer and an error look on the wire. */

/** Thrown inside a stand-in and answered as the service answers it. */
export class AwsError extends Error {
  readonly status: number;
  readonly code: string;

  /** `code` is the exception's name as the SDK knows it, e.g. ResourceNotFoundException. */
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
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID(), ...headers },
    body: JSON.stringify(body),
  };
}

export function errorReply(error: AwsError): Reply {
  return jsonReply(
    error.status,
    {
      __type: error.code,
      Type: error.status >= 500 ? 'Service' : 'User',
      message: error.message,
      Message: error.message,
    },
    { 'x-amzn-errortype': error.code },
  );
}

/** Answers with what `work` gives, and with the error it throws when that is one of the service's. */
export async function answering(work: () => Promise<Reply> | Reply): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AwsError) return errorReply(error);
    throw error;
  }
}

const anyObject = v.record(v.string(), v.unknown());

/** A JSON object, or a 400 as the services say it. */
export function jsonObject(body: Buffer): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString() || '{}');
  } catch {
    throw new AwsError(400, 'SerializationException', 'The body is not JSON');
  }
  const object = v.safeParse(anyObject, parsed);
  if (!object.success) throw new AwsError(400, 'SerializationException', 'The body is not an object');
  return object.output;
}

/** Throws what AWS answers to a request without a signature. Does not verify the signature. */
export function requireSignature({ authorization }: { authorization?: string | undefined }): void {
  if (!authorization?.startsWith('AWS4-HMAC-SHA256 '))
    throw new AwsError(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
}
