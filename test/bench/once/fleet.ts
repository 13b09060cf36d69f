import type { FunctionSpec } from '../../../infra/local/host/environment.ts';
import { createFunctionHost, type FunctionHost } from '../../../infra/local/host/function-host.ts';
import { eventOf } from '../../support/http/events.ts';
import type { Kill } from './plan.ts';

/** A laptop, not a region: deliveries beyond it wait for a free environment. */
const ENVIRONMENTS = 32;

export type Answer =
  | { outcome: 'killed' | 'timed out' }
  | { outcome: 'answered'; status: number; headers: Record<string, string>; body: Record<string, unknown> };

export type Fleet = {
  deliver(request: { path: string; key: string; to: string; kill: Kill | null }): Promise<Answer>;
  /** To be told whenever Studio has answered a create for this contact. */
  created(to: string): void;
  close(): Promise<void>;
};

/** Environments of one bundle, started one after the other, each of which can be killed by itself. */
export async function startFleet(spec: FunctionSpec): Promise<Fleet> {
  const hosts = Array.from({ length: ENVIRONMENTS }, () =>
    createFunctionHost([{ ...spec, maxEnvironments: 1 }]),
  );
  const health = JSON.stringify(eventOf('POST /flows/unknown/executions'));
  for (const host of hosts) await host.invoke(spec.name, health);
  const idle = [...hosts];
  const waiting: ((host: FunctionHost) => void)[] = [];
  const condemned = new Map<string, () => void>();

  function take(): Promise<FunctionHost> {
    const host = idle.pop();
    return host ? Promise.resolve(host) : new Promise((resolve) => waiting.push(resolve));
  }

  function giveBack(host: FunctionHost): void {
    const next = waiting.shift();
    if (next) next(host);
    else idle.push(host);
  }

  return {
    async deliver({ path, key, to, kill }) {
      const host = await take();
      const die = () => void host.kill(spec.name);
      const timer = kill !== null && kill !== 'after the create' ? setTimeout(die, kill.afterMs) : undefined;
      if (kill === 'after the create') condemned.set(to, die);
      const headers = {
        authorization: 'Bearer local-admin',
        'content-type': 'application/json',
        'idempotency-key': key,
      };
      const event = eventOf(`POST ${path}`, { headers, body: JSON.stringify({ to }) });
      const result = await host.invoke(spec.name, JSON.stringify(event));
      clearTimeout(timer);
      if (condemned.get(to) === die) condemned.delete(to);
      giveBack(host);
      if (result.outcome !== 'answered') {
        if (result.outcome === 'threw') throw new Error(result.error);
        return { outcome: result.outcome === 'crashed' ? 'killed' : 'timed out' };
      }
      const { statusCode, headers: answered, body } = JSON.parse(result.payload);
      return { outcome: 'answered', status: statusCode, headers: answered, body: JSON.parse(body) };
    },
    created(to) {
      condemned.get(to)?.();
      condemned.delete(to);
    },
    async close() {
      await Promise.all(hosts.map((host) => host.close()));
    },
  };
}
