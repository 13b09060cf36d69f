import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Checked } from '../constructs/checked.ts';
import { type Reserved, reservedBy, runsIn, withReservation } from '../constructs/reserved.ts';
import { explainedAws } from './aws.ts';
import { Failed } from './tool.ts';
import { count } from './words.ts';

/** Lambda keeps so many of an account's concurrent runs from being reserved. */
const UNRESERVED = 100;
/** What a new account has. */
const NEW_ACCOUNT = 10;

/** How many functions an account may run at once in a region, and how many of them nobody has reserved. */
export type Concurrency = { limit: number; unreserved: number };

/** null when these credentials may not ask. */
export async function accountConcurrency(): Promise<Concurrency | null> {
  const client = new LambdaClient({});
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    const { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: unreserved = limit } =
      AccountLimit ?? {};
    return limit === undefined || unreserved === undefined ? null : { limit, unreserved };
  } catch (error) {
    if (error instanceof Error && /^AccessDenied/.test(error.name)) return null;
    throw explainedAws(error);
  } finally {
    client.destroy();
  }
}

/** Whether the synth is to set runs aside where the settings leave it open, and what whoever deploys is told. */
export type Reservation = { isReserving: boolean; says: string[] };

/**
 * Decides by what is free when the deployed stack's own reservation (`held`, 0 for none) is given back, so that
 * deploying again decides the same. Throws a Failed where the deployment would fail half-way, since the settings
 * reserve more than the account has.
 */
export function planReservation(account: Concurrency | null, held: number, checked: Checked): Reservation {
  const isOpen = checked.settings.reservedConcurrency === undefined;
  const reserved = reservedBy(withReservation(checked));
  const runs = runsIn(reserved);
  if (account === null) {
    const then = held > 0 ? 'what is set aside stays.' : 'nothing is set aside.';
    const says = [`What the account may run at once may not be looked at: ${then}`];
    return isOpen ? { isReserving: held > 0, says } : { isReserving: false, says: [] };
  }
  const { limit, unreserved } = account;
  const free = Math.max(unreserved + held - UNRESERVED, 0);
  if (isOpen) {
    const isReserving = runs <= free;
    return { isReserving, says: isReserving ? setAside(limit, reserved) : notSetAside(limit, runs, free) };
  }
  if (runs > free)
    throw new Failed([
      `reservedConcurrency sets ${runs} runs at once aside, and the account has ${free} to set aside: of the`,
      `${count(limit)} that it may run, ${UNRESERVED} must stay free, and others may have reserved some.`,
      'Take it out of infra/config.ts, or ask for more: Service Quotas, Lambda, Concurrent executions.',
      'Nothing was deployed.',
    ]);
  return { isReserving: false, says: [] };
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
