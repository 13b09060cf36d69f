import { STATUS_CODES } from 'node:http';
import { type Answer, Refusal } from '../answers.ts';
import type { Call } from '../operations.ts';
import type { Behaviour, Fault } from './behaviour.ts';

/** Twilio's error codes by status. Any other status has the code of an internal error, 20500. */
const CODES: Record<number, number> = {
  400: 20001,
  401: 20003,
  404: 20404,
  409: 20409,
  429: 20429,
  503: 20503,
};

export function failure(status: number): Refusal {
  return new Refusal(CODES[status] ?? 20500, STATUS_CODES[status] ?? 'Error', { status });
}

export function throttled({ retryAfter }: Behaviour, nowMs: number): Refusal {
  if (!retryAfter) return failure(429);
  const { form, seconds } = retryAfter;
  const value = form === 'date' ? new Date(nowMs + seconds * 1_000).toUTCString() : String(seconds);
  return new Refusal(20429, 'Too Many Requests', { headers: { 'Retry-After': value } });
}

/** The status with which a stubborn execution refuses the call, if it is one. */
export function stubbornStatus(
  { stubborn }: Behaviour,
  { operation, executionSid }: Call,
): number | undefined {
  if (executionSid === '') return undefined;
  // The SID's last 12 digits as a number in [0, 1): evenly spread, and the same for each request.
  const share = Number.parseInt(executionSid.slice(-12), 16) / 16 ** 12;
  return stubborn.find(
    (one) =>
      (one.operations?.includes(operation) ?? true) && (one.sids.includes(executionSid) || share < one.share),
  )?.status;
}

/** The answer that replaces the right one, if the fault is of such a kind. Throws for an `error`. */
export function answerInstead({ kind, status, body = { message: 'OK' } }: Fault): Answer | undefined {
  switch (kind) {
    case 'error':
      throw failure(status ?? 503);
    case 'html':
      return {
        status: status ?? 502,
        body: htmlPage(status ?? 502),
        headers: { 'Content-Type': 'text/html' },
      };
    case 'other-json':
      return { status: status ?? 200, body };
    default:
      return undefined;
  }
}

function htmlPage(status: number): string {
  const title = status < 400 ? 'Please wait' : `${status} Error`;
  return `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
}
