import { timingSafeEqual } from 'node:crypto';
import { type Config, findFlow, type Scope } from '../../config/configuration.ts';
import type { Secret } from '../../config/secret.ts';
import type { Received } from '../event/event.ts';
import { Problem } from '../problems.ts';
import type { Caller, ServeRuntime } from '../request.ts';
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
  const { config, environment, secret: source } = runtime;
  const { iamScopes, iamFlows } = environment;
  if (received.iam && iamScopes)
    return callerOf(config, 'iam', {
      name: iamCallerName(received.iam.userArn),
      scopes: iamScopes,
      flows: iamFlows,
    });
  const look = lookFor(runtime, received);
  if (!look) throw unauthenticated();
  const secret = await source.get();
  const caller = look(secret);
  if (caller) return caller;
  const newer = await source.refresh().catch(() => secret);
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
  if (token !== null)
    return (secret) => {
      const found = findBearer(secret, token);
      return found && callerOf(config, 'bearer', found);
    };
  if (isWebhook(received)) {
    const request = readWebhookRequest(received, now());
    if (!request) return null;
    return (secret) => {
      const found = findWebhook(secret, request);
      return found && callerOf(config, 'webhook', found);
    };
  }
  const { publicUrl, twilioWebhooks } = config;
  const request = publicUrl && twilioWebhooks ? readTwilioRequest(publicUrl, received) : null;
  if (!request || !twilioWebhooks) return null;
  return (secret) => {
    const text = signedText(request, secret);
    if (!text) return null;
    const signed = sha256(text).toString('hex');
    return { ...callerOf(config, 'twilio', { name: 'twilio', ...twilioWebhooks }), signed };
  };
}

type Granted = { name: string; scopes: readonly Scope[]; flows?: readonly string[] | null | undefined };

/** Leaves out flows that are not configured. Without `flows`, the caller may access every flow. */
function callerOf(config: Config, kind: Caller['kind'], { name, scopes, flows }: Granted): Caller {
  const sids = flows?.flatMap((flow) => findFlow(config, flow)?.sid ?? []) ?? null;
  return { id: `${kind}:${name}`, name, kind, scopes, flows: sids };
}

function unauthenticated(): Problem {
  return new Problem('unauthenticated', 'Credentials are missing or wrong.', {
    headers: { 'www-authenticate': 'Bearer' },
  });
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

/** The token of `Authorization: Bearer …`; null without one, which is for others to look at. */
export function bearerToken(authorization: string | undefined): string | null {
  return /^bearer +(\S.*)$/i.exec(authorization ?? '')?.[1]?.trimEnd() ?? null;
}

/**
 * The caller with this token. Every caller is compared, in constant time and over hashes, so that the time
 * says neither how much of a token was right nor whose it was.
 */
export function findBearer({ callers }: Secret, token: string): Secret['callers'][number] | null {
  const presented = sha256(token);
  const [found] = callers.filter((caller) => timingSafeEqual(sha256(caller.token), presented));
  return found ?? null;
}
