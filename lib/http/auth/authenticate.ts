import { type Config, findFlow, type Scope } from '../../config.ts';
import type { Secret } from '../../secret.ts';
import type { Received } from '../event.ts';
import { Problem } from '../problems.ts';
import type { Caller } from '../request.ts';
import type { ServeRuntime } from '../runtime.ts';
import { unavailable } from '../unavailable.ts';
import { bearerToken, findBearer } from './bearer.ts';
import { sha256 } from './hash.ts';
import { iamCallerName } from './iam.ts';
import { readTwilioRequest, signedText } from './twilio.ts';
import { findWebhook, isWebhook, readWebhookRequest } from './webhook.ts';

/** Who a request is by a secret; null when the secret knows no such caller. */
type Look = (secret: Secret) => Caller | null;

/**
 * The caller of a request. Throws a Problem that says nothing but 401. A caller that the cached secret does
 * not know may be newer: the secret is then read again (its source holds the cool-down) and asked once more.
 */
export async function authenticate(runtime: ServeRuntime, received: Received): Promise<Caller> {
  if (received.iam && runtime.environment.iamScopes) return iamCaller(runtime, received.iam.userArn);
  const look = lookFor(runtime, received);
  if (!look) throw unauthenticated();
  const secret = await secretOf(runtime);
  const caller = look(secret);
  if (caller) return caller;
  const newer = await runtime.secret.refresh().catch(() => secret);
  const afterRotation = newer === secret ? null : look(newer);
  if (!afterRotation) throw unauthenticated();
  return afterRotation;
}

/**
 * Reads the credentials once, for both looks; null without any, or when they cannot be right. Only one kind
 * is read: a right signature does not heal a wrong token.
 */
function lookFor({ config, now }: ServeRuntime, received: Received): Look | null {
  const token = bearerToken(received.headers.get('authorization'));
  if (token !== null) return (secret) => toCaller('bearer', findBearer(secret, token), config);
  if (isWebhook(received)) {
    const request = readWebhookRequest(received, now());
    return request && ((secret) => toCaller('webhook', findWebhook(secret, request), config));
  }
  const { publicUrl, twilioWebhooks } = config;
  if (!publicUrl || !twilioWebhooks) return null;
  const request = readTwilioRequest(publicUrl, received);
  return (
    request &&
    ((secret) => {
      const signed = signedText(request, secret);
      return signed && twilioCaller(config, twilioWebhooks, signed);
    })
  );
}

function twilioCaller(
  config: Config,
  { scopes, flows }: NonNullable<Config['twilioWebhooks']>,
  text: Buffer,
): Caller {
  const signed = sha256(text).toString('hex');
  return {
    id: 'twilio:twilio',
    name: 'twilio',
    kind: 'twilio',
    scopes,
    flows: flowSids(config, flows),
    signed,
  };
}

function toCaller(
  kind: 'bearer' | 'webhook',
  found: { name: string; scopes: readonly Scope[]; flows?: readonly string[] | undefined } | null,
  config: Config,
): Caller | null {
  if (!found) return null;
  const { name, scopes, flows } = found;
  return { id: `${kind}:${name}`, name, kind, scopes, flows: flowSids(config, flows) };
}

function iamCaller({ config, environment }: ServeRuntime, userArn: string): Caller {
  const { iamScopes: scopes, iamFlows: flows } = environment;
  const name = iamCallerName(userArn);
  return { id: `iam:${name}`, name, kind: 'iam', scopes: scopes ?? [], flows: flowSids(config, flows) };
}

/** A flow that is not configured is none that can be touched. */
function flowSids(config: Config, flows: readonly string[] | null | undefined): string[] | null {
  return flows?.flatMap((one) => findFlow(config, one)?.sid ?? []) ?? null;
}

function unauthenticated(): Problem {
  return new Problem('unauthenticated', 'Credentials are missing or wrong.', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}

/** Without the secret no caller can be checked. */
async function secretOf({ secret }: ServeRuntime): Promise<Secret> {
  try {
    return await secret.get();
  } catch (cause) {
    throw unavailable(cause);
  }
}
