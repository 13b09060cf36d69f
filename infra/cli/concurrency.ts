import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Settings } from '../constructs/settings.ts';
import { explainedAws } from './aws.ts';
import { Failed } from './tool.ts';

/** Lambda keeps so many of an account's concurrent runs from being reserved. */
const UNRESERVED = 100;
/** What a new account has. */
const NEW_ACCOUNT = 10;
/** Where there are so many, reserving some takes nothing away that anybody would miss. */
const PLENTY = 200;

/** How many functions the account may run at once in this region; null when these credentials may not ask. */
export async function accountConcurrency(): Promise<number | null> {
  const client = new LambdaClient({});
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    return AccountLimit?.ConcurrentExecutions ?? null;
  } catch (error) {
    if (error instanceof Error && /^AccessDenied/.test(error.name)) return null;
    throw explainedAws(error);
  } finally {
    client.destroy();
  }
}

/**
 * What there is to say about the concurrency of an account that runs `limit` functions at once. Throws a Failed
 * where the deployment would fail half-way, since it reserves more than the account has.
 */
export function concurrencyAdvice(limit: number, { reservedConcurrency }: Settings): string[] {
  const { trigger = 0, cleanup = 0 } = reservedConcurrency;
  const reserved = trigger + cleanup;
  if (reserved > 0 && limit - reserved < UNRESERVED)
    throw new Failed([
      `reservedConcurrency sets ${reserved} runs at once aside, and the account has ${limit}, of which ${UNRESERVED} must stay free.`,
      'Take it out of infra/config.ts, or ask for more: Service Quotas, Lambda, Concurrent executions.',
      'Nothing was deployed.',
    ]);
  if (reserved > 0) return [];
  if (limit <= NEW_ACCOUNT)
    return [
      `The account runs ${limit} functions at once, as new ones do: ask for more before it is used`,
      '(Service Quotas, Lambda, Concurrent executions), or triggers and purges wait for each other.',
    ];
  if (limit < PLENTY) return [];
  return [
    `The account runs ${limit} functions at once: with reservedConcurrency in infra/config.ts, such as`,
    '{ trigger: 10, cleanup: 5 }, no number of purges keeps a trigger waiting.',
  ];
}
