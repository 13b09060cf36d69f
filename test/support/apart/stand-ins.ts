import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../../../lib/config/configuration.ts';
import type { Asked, Seen, Started, Told } from './messages.ts';

/**
 * The stand-ins of the local run in a process of their own: AWS's runner for durable functions puts a fake
 * clock into the process of the test, under which no server can be relied on.
 */
export async function startApart(config: ConfigInput, lambdaUrl: string) {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = fork(main, [JSON.stringify(config), lambdaUrl]);
  const next = async (): Promise<Told> => {
    const [told] = await once(child, 'message');
    return told;
  };
  const started = await next();
  if (!('endpoints' in started)) throw new Error('The stand-ins did not start');
  const ask = async (asked: Asked): Promise<Seen> => {
    const told = next();
    child.send(asked);
    const seen = await told;
    if (!('counts' in seen)) throw new Error('Not an answer');
    return seen;
  };
  const close = async () => {
    const gone = once(child, 'exit');
    child.disconnect();
    await gone;
  };
  return { ...(started satisfies Started), ask, close };
}
