import { type Config, findFlow, type Scope } from '../../config/configuration.ts';
import type { Secret } from '../../config/secret.ts';
import type { Received } from '../event/event.ts';
import { Problem } from '../problems.ts';
import type { Caller, ServeRuntime } from '../request.ts';
import { unavailable } from '../unavailable.ts';
import { bearerToken, findBearer } from './bearer.ts';
import { sha256 } from './hash.ts';
import { readTwilioRequest, signedText } from './twilio.ts';
import { findWebhook, isWebhook, readWebhookRequest } from './webhook.ts';

const HASH_CHARACTERS = 16;

/** Looks the caller up in a secret; null if the secret does not know the caller. */
type Look = (secret: Secret) => Caller | null;

/**
 * Returns the caller of a request. Throws a Problem that says nothing but 401. If the cached secret does not
 * know the caller, reads the secret again (its source enforces a cool-down) and looks once more.
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
 * Reads the credentials once, for both lookups; null if there are none or they cannot be valid. Reads only
 * one kind: a valid signature does not make up for a wrong token.
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

/** Returns the SIDs of `flows`, without those that are not configured; null if `flows` is absent. */
function flowSids(config: Config, flows: readonly string[] | null | undefined): string[] | null {
  return flows?.flatMap((one) => findFlow(config, one)?.sid ?? []) ?? null;
}

function unauthenticated(): Problem {
  return new Problem('unauthenticated', 'Credentials are missing or wrong.', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}

/** Throws 503 if the secret cannot be read: no caller can be checked without it. */
async function secretOf({ secret }: ServeRuntime): Promise<Secret> {
  try {
    return await secret.get();
  } catch (cause) {
    throw unavailable(cause);
  }
}

/**
 * The name of an IAM caller: account, kind of principal and principal, such as `123456789012/role/Deploy`.
 * Leaves out a role's session, so that idempotency keys belong to the role across sessions. For an ARN of
 * another shape, the name is a hash of the ARN.
 */
export function iamCallerName(userArn: string): string {
  const match = /^arn:([\w-]+):(?:iam|sts)::(\d{12}):(?:root$|([\w-]+)\/([\w+=,.@/-]{1,600})$)/.exec(userArn);
  if (!match) return `aws-${sha256(userArn).toString('hex').slice(0, HASH_CHARACTERS)}`;
  const [, partition = '', number = '', kind = '', path = ''] = match;
  // Account numbers are unique only within a partition.
  const account = partition === 'aws' ? number : `${partition}:${number}`;
  if (path === '') return `${account}/root`;
  return kind === 'assumed-role' ? `${account}/role/${path.split('/')[0]}` : `${account}/${kind}/${path}`;
}
