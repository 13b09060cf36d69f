import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { secretTool } from '../../../../infra/cli/secret/secret.ts';
import { LOCAL_CALLERS, SIMULATED_ACCOUNT } from '../../../../infra/local/caller-tokens.ts';
import { type Line, startProxy } from '../../../support/cli/proxy.ts';
import { type Somebody, somebody } from '../../../support/cli/terminal.ts';
import { startWorld, type World } from '../../../support/local/world.ts';

/** `npm run secret` against the stand-in for Secrets Manager and the simulated Studio, and what callers have of it. */

let world: World;
let line: Line;
let client: SecretsManagerClient;
const { accountSid, apiKeySid, apiKeySecret } = SIMULATED_ACCOUNT;
const original = { ...SIMULATED_ACCOUNT, callers: LOCAL_CALLERS, later: { added: true } };
const authToken = '0123456789abcdef'.repeat(2);

beforeAll(async () => {
  world = await startWorld();
  line = await startProxy(world.local.endpoints.SECRETS_MANAGER);
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', line.url);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  client = new SecretsManagerClient({ endpoint: world.local.endpoints.SECRETS_MANAGER });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  client.destroy();
  await line.close();
  await world.local.close();
});
beforeEach(async () => {
  line.fate = () => 'pass';
  await put(original);
});

const secretId = () => world.local.resources.secretId;
const put = (document: unknown) => putText(JSON.stringify(document));
const putText = (text: string) =>
  client.send(new PutSecretValueCommand({ SecretId: secretId(), SecretString: text }));
// biome-ignore lint/suspicious/noExplicitAny: looked into by each test.
const stored = async (): Promise<any> => JSON.parse(await storedText());
async function storedText(): Promise<string> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId() }));
  return SecretString ?? '';
}
const sits = (...answers: (string | null)[]) =>
  somebody({ answers, env: { STUDIO_BASE_URL: world.studio.url } });
const secret = (who: Somebody, ...argv: string[]) => who.run(secretTool, ...argv, '--secret-id', secretId());
/** The one line that is a token or a secret. */
const shown = (who: Somebody) => /^(?:whsec_[\w+/]{43}=|[\w-]{43})$/m.exec(who.said())?.[0] ?? '';

test('a secret with a byte order mark and null for optional members is read and changed as any other', async () => {
  const document = { ...original, authToken: null, secondaryAuthToken: '', webhooks: null };
  const SecretString = `\ufeff${JSON.stringify(document)}`;
  await client.send(new PutSecretValueCommand({ SecretId: secretId(), SecretString }));
  const who = sits();
  expect(await secret(who, 'show')).toBe(0);
  expect(who.said()).toContain('without an Auth Token');
  expect(await secret(sits(), 'add-webhook', 'crm', '--scopes', 'trigger')).toBe(0);
  expect(await stored()).toMatchObject({ ...original, webhooks: [{ name: 'crm' }] });
});

describe('filling in', () => {
  test('a secret that was never filled in asks without echo, checks at Twilio and stores', async () => {
    let reads = 0;
    line.fate = ({ headers }) =>
      String(headers['x-amz-target']).endsWith('GetSecretValue') && ++reads <= 2
        ? { status: 400, body: '{"__type":"ResourceNotFoundException","Message":"no value"}' }
        : 'pass';
    const who = sits(accountSid, apiKeySid, apiKeySecret, authToken);
    const before = world.studio.requests.length;
    expect(await secret(who)).toBe(0);
    expect(await stored()).toEqual({ ...SIMULATED_ACCOUNT, authToken, callers: [], webhooks: [] });
    expect(who.asked).toHaveLength(4);
    expect(who.asked.every(({ hidden }) => hidden)).toBe(true);
    expect(world.studio.requests.slice(before).map(({ path, status }) => [path, status])).toEqual([
      ['/v2/Flows?PageSize=1', 200],
    ]);
    expect(who.said()).toContain('add-caller');
    for (const value of [apiKeySid, authToken]) expect(who.said() + who.complained()).not.toContain(value);
  });

  test('again keeps by Enter what is stored, and callers and unknown members anyway', async () => {
    await put({ ...original, authToken });
    expect(await secret(sits('', '', '', ''))).toBe(0);
    expect(await stored()).toEqual({ ...original, authToken, webhooks: [] });
    // Their numbers, too.
    await putText(JSON.stringify({ ...original, later: JSON.rawJSON('12345678901234567891') }));
    expect(await secret(sits('', '', '', ''))).toBe(0);
    expect(await storedText()).toMatch(/"later": 12345678901234567891\b/);
    expect(await secret(sits('', '', '', '-'))).toBe(0);
    expect(await stored()).not.toHaveProperty('authToken');
  });

  test('with a key that Twilio refuses writes nothing', async () => {
    const who = sits(accountSid, apiKeySid, 'not-the-secret', '');
    expect(await secret(who)).toBe(1);
    expect(who.complained()).toContain('Twilio refuses the API key (401); nothing was written.');
    expect(who.said() + who.complained()).not.toContain('not-the-secret');
    expect(await stored()).toEqual(original);
  });

  test('while Twilio cannot be reached writes nothing', async () => {
    const who = somebody({ answers: ['', '', '', ''], env: { STUDIO_BASE_URL: 'http://127.0.0.1:1' } });
    expect(await secret(who)).toBe(1);
    expect(who.complained()).toContain('could not be asked');
    expect(await stored()).toEqual(original);
  });

  test('a key of another account is refused', async () => {
    const who = sits(`AC${'b'.repeat(32)}`, apiKeySid, apiKeySecret, '');
    expect(await secret(who)).toBe(1);
    expect(who.complained()).toContain('another account');
    expect(await stored()).toEqual(original);
  });

  test('asks again after a typing error, without repeating it, and asks the secret of another key anew', async () => {
    const who = sits('hunter2', accountSid, `SK${'b'.repeat(32)}`, '', '', '');
    expect(await secret(who)).toBe(1);
    expect(who.said()).toContain('That is no account SID: AC and 32 hexadecimal digits.');
    expect(who.complained()).toContain('There is no stored API key secret to keep.');
    expect(who.said() + who.complained()).not.toContain('hunter2');
    expect(await stored()).toEqual(original);
  });

  test('broken off with Ctrl-C writes nothing', async () => {
    const who = sits(accountSid, null);
    expect(await secret(who)).toBe(1);
    expect(who.complained()).toContain('nothing was written');
  });
});

describe('a caller', () => {
  test('gets a token that is shown once and works at once, with its scopes and flows only', async () => {
    const who = sits();
    expect(await secret(who, 'add-caller', 'shop', '--scopes', 'read, end', '--flows', 'welcome')).toBe(0);
    const token = shown(who);
    expect((await stored()).callers.at(-1)).toEqual({
      name: 'shop',
      token,
      scopes: ['read', 'end'],
      flows: ['welcome'],
    });
    expect(who.said().split(token)).toHaveLength(2);
    expect((await world.call('GET', '/flows/welcome/executions', { token })).status).toBe(200);
    expect((await world.call('GET', '/flows/support/executions', { token })).status).toBe(403);
    expect((await world.call('GET', '/purges', { token })).status).toBe(403);
  });

  test('is rotated with both tokens valid, and then the old one is retired', async () => {
    const first = sits();
    await secret(first, 'add-caller', 'crm', '--scopes', 'all');
    const second = sits();
    expect(await secret(second, 'rotate-caller', 'crm')).toBe(0);
    expect(second.said()).toContain('retire-caller crm');
    for (const token of [shown(second), shown(first)])
      expect((await world.call('GET', '/purges', { token })).status).toBe(200);

    expect(await secret(sits(), 'retire-caller', 'crm')).toBe(0);
    const left = (await stored()).callers.filter(({ name }: { name: string }) => name === 'crm');
    expect(left).toEqual([{ name: 'crm', token: shown(second), scopes: expect.any(Array) }]);
    expect(await secret(sits(), 'retire-caller', 'crm')).toBe(1);
    expect(await secret(sits(), 'remove-caller', 'crm')).toBe(0);
    expect((await stored()).callers).toEqual(LOCAL_CALLERS);
  });

  test('of a name that is taken, or unknown, is refused and nothing is written', async () => {
    const taken = sits();
    expect(await secret(taken, 'add-caller', 'local-admin', '--scopes', 'all')).toBe(1);
    expect(taken.complained()).toContain('There is local-admin already');
    const unknown = sits();
    expect(await secret(unknown, 'rotate-caller', 'nobody')).toBe(1);
    expect(unknown.complained()).toContain('There is no nobody among local-admin, local-reader.');
    expect(await stored()).toEqual(original);
  });

  test('has another token every time', async () => {
    const tokens = new Set<string>();
    for (const name of ['a', 'b', 'c']) {
      const who = sits();
      await secret(who, 'add-caller', name, '--scopes', 'read');
      tokens.add(shown(who));
    }
    expect(tokens.size).toBe(3);
  });
});

describe('a sender of webhooks', () => {
  const signed = (key: string, id: string, payload: string) => ({
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
    'webhook-signature': new Webhook(key).sign(id, new Date(), payload),
  });

  test('gets a secret that its signatures are taken with, the older one too after a rotation', async () => {
    const first = sits();
    expect(await secret(first, 'add-webhook', 'crm', '--scopes', 'trigger')).toBe(0);
    const second = sits();
    expect(await secret(second, 'rotate-webhook', 'crm')).toBe(0);
    const keys = [shown(first), shown(second)];
    expect(keys.every((key) => key.startsWith('whsec_'))).toBe(true);
    for (const [at, key] of keys.entries()) {
      const body = JSON.stringify({ to: `+1500555000${at}` });
      const headers = { 'content-type': 'application/json', ...signed(key, `msg_${at}`, body) };
      const { status } = await world.call('POST', '/flows/welcome/executions', {
        token: null,
        body,
        headers,
      });
      expect(status).toBe(201);
    }
  });

  test('may bring its own secret, which is asked for and not shown', async () => {
    const own = `whsec_${Buffer.from('of the sender itself, 24+').toString('base64')}`;
    const who = sits(own);
    expect(await secret(who, 'add-webhook', 'svix', '--scopes', 'trigger', '--ask')).toBe(0);
    expect((await stored()).webhooks).toEqual([{ name: 'svix', secret: own, scopes: ['trigger'] }]);
    expect(who.said()).not.toContain(own);
    expect(who.asked).toMatchObject([{ hidden: true }]);
  });
});

describe('what the functions would not use', () => {
  const weak = { name: 'weak', secret: 'whsec_A', scopes: ['trigger', 'read'] };

  test('is not brought in: a short key of a sender, and scopes that a signature cannot have', async () => {
    const short = sits(`whsec_${Buffer.from('too short').toString('base64')}`);
    expect(await secret(short, 'add-webhook', 'svix', '--scopes', 'trigger', '--ask')).toBe(1);
    expect(short.said()).toContain('whsec_ and base64 of at least 24 bytes');
    const scopes = sits();
    expect(await secret(scopes, 'add-webhook', 'svix', '--scopes', 'all')).toBe(1);
    expect(scopes.complained()).toContain('#/webhooks/0/scopes/1 is ignored');
    const key = sits('short');
    expect(await secret(key, 'add-signature-key', 'webhooks_sharedkey_01k5')).toBe(1);
    expect(key.said()).toContain('at least 24 characters');
    expect(await stored()).toEqual(original);
  });

  test('is shown, does not stand in the way of other changes, and can be mended', async () => {
    await put({ ...original, webhooks: [weak] });
    const shows = sits();
    expect(await secret(shows, 'show')).toBe(0);
    expect(shows.said()).toContain('#/webhooks/0/secret must hold a key of at least 24 bytes');
    expect(shows.said()).toMatch(/local-reader.*fewer than 24 characters: rotate it/);
    expect(shows.said()).not.toContain('whsec_A');
    expect(await secret(sits(), 'add-caller', 'shop', '--scopes', 'read')).toBe(0);
    expect((await stored()).webhooks).toEqual([weak]);
    expect(await secret(sits(), 'remove-webhook', 'weak')).toBe(0);
    expect((await stored()).webhooks).toEqual([]);
  });
});

describe('a shared key of Twilio’s webhooks', () => {
  const [sid, successor] = ['webhooks_sharedkey_01k5', 'webhooks_sharedkey_02k5'];
  const value = 'the secret of a shared key of Twilio';

  test('is asked for, stored and not shown; its successor is added before it is removed', async () => {
    const who = sits(value.replaceAll(' ', '-'));
    expect(await secret(who, 'add-signature-key', sid)).toBe(0);
    expect(who.asked).toMatchObject([{ hidden: true }]);
    expect(await secret(sits('of-its-successor-which-is-long'), 'add-signature-key', successor)).toBe(0);
    expect((await stored()).signatureKeys).toEqual([
      { sid, secret: value.replaceAll(' ', '-') },
      { sid: successor, secret: 'of-its-successor-which-is-long' },
    ]);
    const shows = sits();
    expect(await secret(shows, 'show')).toBe(0);
    expect(shows.said()).toContain(sid);
    expect(shows.said() + who.said()).not.toContain(value.replaceAll(' ', '-'));
    expect(await secret(sits(), 'remove-signature-key', sid)).toBe(0);
    expect((await stored()).signatureKeys).toEqual([
      { sid: successor, secret: 'of-its-successor-which-is-long' },
    ]);
  });

  test('that is there already, or unknown, is refused, and so are scopes and a secret with spaces', async () => {
    await put({ ...original, signatureKeys: [{ sid, secret: value }] });
    expect(await secret(sits(value), 'add-signature-key', sid)).toBe(1);
    expect(await secret(sits(), 'remove-signature-key', successor)).toBe(1);
    expect(await secret(sits(value), 'add-signature-key', successor)).toBe(1);
    expect(await secret(sits(), 'add-signature-key', successor, '--scopes', 'trigger')).toBe(2);
    expect(await secret(sits(), 'rotate-signature-key', sid)).toBe(2);
    expect((await stored()).signatureKeys).toEqual([{ sid, secret: value }]);
  });
});

describe('show', () => {
  test('tells names, scopes and flows, and never a value', async () => {
    await secret(sits(), 'add-webhook', 'crm', '--scopes', 'trigger', '--flows', 'welcome,support');
    await secret(sits(), 'rotate-webhook', 'crm');
    const who = sits();
    expect(await secret(who, 'show')).toBe(0);
    expect(who.said()).toContain('trigger; welcome, support; 2 secrets are valid');
    expect(who.said()).toMatch(/local-reader.*read; all flows/);
    const { callers, webhooks } = await stored();
    const values = [...webhooks.map(({ secret: value }: { secret: string }) => value), `"${apiKeySecret}"`];
    for (const value of values) expect(who.said()).not.toContain(value);
    expect(callers).toEqual(LOCAL_CALLERS);
  });
});

describe('the stored secret', () => {
  test('is not written over when somebody has changed it meanwhile', async () => {
    const racing = sits();
    racing.ask = async () => {
      await put({ ...original, callers: [] });
      return 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    };
    expect(await secret(racing, 'add-webhook', 'svix', '--scopes', 'trigger', '--ask')).toBe(1);
    expect(racing.complained()).toContain('The secret was changed by another command meanwhile');
    expect(await stored()).toEqual({ ...original, callers: [] });
  });

  test('that is something else is not written over, and no value of it is shown', async () => {
    await put({ accountSid: 'AC1', callers: [{ name: 'x', token: 'hunter2' }] });
    const who = sits();
    expect(await secret(who, 'add-caller', 'shop', '--scopes', 'read')).toBe(1);
    expect(who.complained()).toContain('#/callers/0/scopes is missing');
    expect(who.said() + who.complained()).not.toContain('hunter2');
  });

  test('with a name twice in it, of which one would be lost, is not written over', async () => {
    const twice = `{"callers":[],${JSON.stringify(original).slice(1)}`;
    await putText(twice);
    const who = sits('', '', '', '');
    expect(await secret(who, 'add-caller', 'shop', '--scopes', 'read')).toBe(1);
    expect(who.complained()).toContain('# has a name twice in one object');
    expect(await storedText()).toBe(twice);
  });

  test.each(['hunter2', '"hunter2"', '[]'])('that is no document (%s) is not written over', async (json) => {
    await client.send(new PutSecretValueCommand({ SecretId: secretId(), SecretString: json }));
    const who = sits();
    expect(await secret(who, 'add-caller', 'shop', '--scopes', 'read')).toBe(1);
    expect(who.complained()).toContain('The secret holds something else; nothing was written.');
    expect(who.said() + who.complained()).not.toContain('hunter2');
  });

  test('that is not there is said to be missing', async () => {
    const who = sits(accountSid, apiKeySid, apiKeySecret, '');
    expect(await who.run(secretTool, '--secret-id', 'nowhere')).toBe(1);
    expect(who.complained()).toContain('There is no secret nowhere');
  });
});

test('every mistake in the arguments is named at once', async () => {
  const who = sits();
  expect(await who.run(secretTool, 'add-caller', 'a b', '--ask', '--api-key-secret', 'hunter2')).toBe(2);
  for (const part of [
    'a name has',
    '--scopes is missing',
    '--ask goes with',
    '--api-key-secret: nothing secret',
  ])
    expect(who.complained()).toContain(part);
  const other = sits();
  expect(await secret(other, 'add-caller', 'a', '--scopes', 'write')).toBe(2);
  expect(other.complained()).toContain('--scopes must be of trigger, read');
  const flows = sits();
  expect(await secret(flows, 'add-caller', 'a', '--scopes', 'read', '--flows', 'nope')).toBe(2);
  expect(flows.complained()).toContain('--flows nope is no flow of infra/config.ts');
});
