import { afterEach, expect } from 'vitest';
import type { SimulatedStudio, SimulatedStudioOptions } from '../../infra/simulator/options.ts';
import { startSimulatedStudio } from '../../infra/simulator/server.ts';
import { judgeExchange } from '../judges/openapi.ts';

export const FLOW = `FW${'a'.repeat(32)}`;
export const OTHER_FLOW = `FW${'b'.repeat(32)}`;
export const NOBODY = `FN${'0'.repeat(32)}`;
export const NOON = Date.parse('2026-11-20T12:00:00Z');
export const TO = '+15005550006';
export const FROM = '+15017122661';

const AUTHORIZATION = `Basic ${Buffer.from(`SK${'a'.repeat(32)}:local`).toString('base64')}`;
const started: { studio: SimulatedStudio; verdicts: string[] }[] = [];

/** A simulated Studio whose every exchange is judged by Twilio's documents, and whose clock stands still. */
export async function start(options: SimulatedStudioOptions = {}, judge = judgeExchange) {
  const clock = { nowMs: NOON };
  const verdicts: string[] = [];
  const studio = await startSimulatedStudio({
    now: () => clock.nowMs,
    ...options,
    onExchange: (exchange) => {
      verdicts.push(...judge(exchange));
      options.onExchange?.(exchange);
    },
  });
  started.push({ studio, verdicts });

  /** Sends one request as a careful client does; `form` makes it a POST. */
  const call = async (path: string, init: RequestInit & { form?: Record<string, string> } = {}) => {
    const { form, ...rest } = init;
    const headers = new Headers(rest.headers);
    if (!headers.has('Authorization')) headers.set('Authorization', AUTHORIZATION);
    const post = form ? { method: 'POST', body: new URLSearchParams(form) } : {};
    const response = await fetch(path.startsWith('http') ? path : studio.url + path, {
      ...post,
      ...rest,
      headers,
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    // The tests reach into answers of every shape.
    // biome-ignore lint/suspicious/noExplicitAny: what is expected of it is said by each test
    const body: any = isJson ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, body, text };
  };
  return { studio, clock, call };
}

/** Waits for what comes soon, or late on a busy machine. */
export function patiently<T>(look: () => T) {
  return expect.poll(look, { timeout: 10_000, interval: 5 });
}

afterEach(async () => {
  for (const { studio, verdicts } of started.splice(0)) {
    await studio.close();
    expect(verdicts).toEqual([]);
  }
});
