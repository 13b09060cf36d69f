import * as v from 'valibot';
import { type Reserved, reservedBy, runsIn, withReservation } from '../../constructs/api/reserved.ts';
import type { Checked } from '../../constructs/checked.ts';
import { explainedAws, UNREADABLE } from '../aws.ts';
import { count } from '../format.ts';
import { Failed } from '../tool.ts';

/** The part of an account's concurrency that Lambda does not allow to be reserved. */
const UNRESERVED = 100;
/** The concurrency of a new account. */
const NEW_ACCOUNT = 10;

/** The concurrency of an account in a region, and the part of it that is not reserved. */
export type Concurrency = { limit: number; unreserved: number };

const TIMEOUT_MS = 15_000;

const runs = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const settings = v.object({
  AccountLimit: v.object({ ConcurrentExecutions: runs, UnreservedConcurrentExecutions: v.optional(runs) }),
});

/** Throws a Failed if AWS refuses, gives an unreadable answer or does not answer. */
export async function accountConcurrency(timeoutMs = TIMEOUT_MS): Promise<Concurrency> {
  const { GetAccountSettingsCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  const client = new LambdaClient({});
  try {
    const abortSignal = AbortSignal.timeout(timeoutMs);
    const answer = await client.send(new GetAccountSettingsCommand({}), { abortSignal });
    const read = v.safeParse(settings, answer);
    if (!read.success) throw new Failed([UNREADABLE]);
    const { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: unreserved = limit } =
      read.output.AccountLimit;
    return { limit, unreserved };
  } catch (error) {
    throw explainedAws(error);
  } finally {
    client.destroy();
  }
}

/** What was found, or why the lookup failed. */
export type LookedUp<T> = { found: T } | { why: string };

/** Whether the synth reserves concurrency that the settings leave open, and the lines for the user. */
export type Reservation = { isReserving: boolean; says: string[] };

/**
 * Decides by the concurrency that is free apart from the deployed stack's own reservation (`held`, 0 for
 * none), so that deploying again decides the same. A failed lookup does not stop the deployment. Throws a
 * Failed if the settings reserve more than the account has, since the deployment would fail half-way.
 */
export function planReservation(
  account: LookedUp<Concurrency>,
  held: LookedUp<number>,
  checked: Checked,
): Reservation {
  const isOpen = checked.settings.reservedConcurrency === undefined;
  const reserved = reservedBy(withReservation(checked));
  const wanted = runsIn(reserved);
  if ('why' in account) return undecided(account.why, isOpen, held, wanted);
  const { limit, unreserved } = account.found;
  const free = Math.max(unreserved + ('found' in held ? held.found : 0) - UNRESERVED, 0);
  const isEnough = wanted <= free;
  // With the stack's own reservation, which is unknown, it may be enough.
  if ('why' in held && !isEnough) return undecided(held.why, isOpen, held, wanted);
  if (isOpen)
    return {
      isReserving: isEnough,
      says: isEnough ? setAside(limit, reserved) : notSetAside(limit, wanted, free),
    };
  if (isEnough) return { isReserving: false, says: [] };
  throw new Failed([
    `reservedConcurrency sets ${wanted} runs at once aside, and the account has ${free} to set aside: of the`,
    `${count(limit)} that it may run, ${UNRESERVED} must stay free, and others may have reserved some.`,
    'Take it out of infra/config.ts, or ask for more: Service Quotas, Lambda, Concurrent executions.',
    'Nothing was deployed.',
  ]);
}

function undecided(why: string, isOpen: boolean, held: LookedUp<number>, wanted: number): Reservation {
  if (!isOpen && wanted === 0) return { isReserving: false, says: [] };
  const isReserving = isOpen && 'found' in held && held.found > 0;
  const before = 'found' in held ? '' : ', even if it was before';
  const consequence = !isOpen
    ? `If it does not have the ${wanted} runs that reservedConcurrency sets aside, the deployment fails and is undone.`
    : isReserving
      ? 'What is set aside stays for triggers and purges.'
      : `Nothing is set aside for triggers and purges${before}.`;
  const says = ['How many runs at once the account has left could not be looked up.', why, consequence];
  return { isReserving, says };
}

function setAside(limit: number, { trigger, cleanup }: Reserved): string[] {
  return [
    `Of the ${count(limit)} functions that the account may run at once, ${trigger} are set aside for triggers`,
    `and ${cleanup} for purges, so that neither waits for the other (reservedConcurrency in infra/config.ts).`,
  ];
}

function notSetAside(limit: number, runs: number, free: number): string[] {
  const wait = 'triggers and purges wait for each other.';
  if (limit <= NEW_ACCOUNT)
    return [
      `The account may run ${limit} functions at once, as new ones do: ask for more before it is used`,
      `(Service Quotas, Lambda, Concurrent executions), or ${wait}`,
    ];
  return [
    `The account may run ${count(limit)} functions at once and has ${free} to set aside, not ${runs}: where they`,
    `run out, ${wait} More: Service Quotas, Lambda, Concurrent executions.`,
  ];
}
