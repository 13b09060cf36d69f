import { type Config, findFlow, type Scope } from '../../config.ts';
import type { Secret } from '../../secret.ts';
import type { Received } from '../event.ts';
import { Problem } from '../problems.ts';
import type { Caller } from '../request.ts';
import type { ServeRuntime } from '../runtime.ts';
import { bearerToken, findBearer } from './bearer.ts';
import { iamCallerName } from './iam.ts';
import { isSignedByTwilio, TWILIO_SIGNATURE_HEADER } from './twilio.ts';
import { findWebhook, isWebhook } from './webhook.ts';

/**
 * Who calls, or a Problem that says nothing but 401. What the secret does not know may be newer than the
 * copy in memory: then the secret is read again (its source holds the cool-down) and asked once more.
 */
export async function authenticate(runtime: ServeRuntime, received: Received): Promise<Caller> {
  const { iamScopes } = runtime.environment;
  if (iamScopes && received.iam) return iamCaller(received.iam.userArn, iamScopes);
  if (!presentsCredentials(received)) throw unauthenticated();
  const secret = await secretOf(runtime);
  const caller = identify(runtime, secret, received);
  if (caller) return caller;
  const newer = await runtime.secret.refresh().catch(() => secret);
  const afterRotation = newer === secret ? null : identify(runtime, newer, received);
  if (!afterRotation) throw unauthenticated();
  return afterRotation;
}

/** Only one kind of credentials is looked at: a wrong token is not healed by a right signature. */
function identify({ config, now }: ServeRuntime, secret: Secret, received: Received): Caller | null {
  const token = bearerToken(received.headers.get('authorization'));
  if (token !== null) return toCaller('bearer', findBearer(secret, token), config);
  if (isWebhook(received)) return toCaller('webhook', findWebhook(secret, received, now()), config);
  const { publicUrl, twilioWebhooks } = config;
  if (!publicUrl || !twilioWebhooks) return null;
  const authTokens = [secret.authToken, secret.secondaryAuthToken].filter((token) => token !== undefined);
  if (!authTokens.some((token) => isSignedByTwilio(token, publicUrl, received))) return null;
  return { id: 'twilio:twilio', name: 'twilio', kind: 'twilio', scopes: twilioWebhooks.scopes, flows: null };
}

function presentsCredentials(received: Received): boolean {
  return (
    bearerToken(received.headers.get('authorization')) !== null ||
    isWebhook(received) ||
    received.headers.has(TWILIO_SIGNATURE_HEADER)
  );
}

function toCaller(
  kind: 'bearer' | 'webhook',
  found: { name: string; scopes: readonly Scope[]; flows?: readonly string[] | undefined } | null,
  config: Config,
): Caller | null {
  if (!found) return null;
  const flows = found.flows?.flatMap((one) => findFlow(config, one)?.sid ?? []) ?? null;
  return { id: `${kind}:${found.name}`, name: found.name, kind, scopes: found.scopes, flows };
}

function iamCaller(userArn: string, scopes: readonly Scope[]): Caller {
  const name = iamCallerName(userArn);
  return { id: `iam:${name}`, name, kind: 'iam', scopes, flows: null };
}

function unauthenticated(): Problem {
  return new Problem('unauthenticated', 'Credentials are missing or wrong.', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}

/** Without the secret nobody can be let in, whoever is right. */
async function secretOf({ secret }: ServeRuntime): Promise<Secret> {
  try {
    return await secret.get();
  } catch (cause) {
    throw new Problem('internal', 'Callers cannot be checked at the moment.', { cause });
  }
}
