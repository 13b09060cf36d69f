import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Fleet } from './fleet.ts';
import type { KeyPlan, Kill } from './plan.ts';

const FIRST_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 30_000;
/** A sender that has heard nothing good by then gives up, and the key counts as left open. */
const MAX_REPEATS = 20;

export type Told = {
  key: string;
  /** What each delivery was answered: `created`, `created, replayed`, a problem's name, `killed`. */
  answers: string[];
  /** The executions that callers were told of. */
  sids: Set<string>;
};

/** Delivers a key as planned, and then, as senders of webhooks do, until one delivery is answered well. */
export async function send(fleet: Fleet, path: string, plan: KeyPlan, startMs: number): Promise<Told> {
  const told: Told = { key: plan.key, answers: [], sids: new Set() };
  let retryAfterMs: number | undefined;

  const deliver = async (kill: Kill | null): Promise<void> => {
    const answer = await fleet.deliver({ path, key: plan.key, to: plan.to, kill });
    told.answers.push(nameOf(answer));
    const sid = sidOf(answer);
    if (sid !== undefined) told.sids.add(sid);
    retryAfterMs = answer.outcome === 'answered' ? retryAfterOf(answer.headers) : undefined;
  };

  await Promise.all(
    plan.deliveries.map(async ({ atMs, kill }) => {
      await sleep(Math.max(0, startMs + atMs - Date.now()));
      await deliver(kill);
    }),
  );
  for (let repeat = 0; told.sids.size === 0 && repeat < MAX_REPEATS; repeat++) {
    await sleep(retryAfterMs ?? Math.min(FIRST_PAUSE_MS * 2 ** repeat, MAX_PAUSE_MS));
    await deliver(plan.nextKill());
  }
  return told;
}

function nameOf(answer: Answer): string {
  if (answer.outcome !== 'answered') return answer.outcome;
  const { body, headers } = answer;
  const replayed = headers['idempotent-replayed'] === 'true' ? ', replayed' : '';
  return `${String(body['outcome'] ?? body['type'])}${replayed}`.replace('/problems/', '');
}

function sidOf(answer: Answer): string | undefined {
  if (answer.outcome !== 'answered') return undefined;
  const { execution } = answer.body;
  const sid =
    execution !== null && typeof execution === 'object' && 'sid' in execution ? execution.sid : null;
  return typeof sid === 'string' ? sid : undefined;
}

function retryAfterOf(headers: Record<string, string>): number | undefined {
  const seconds = headers['retry-after'];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}
