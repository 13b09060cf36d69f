import { randomBytes } from 'node:crypto';
import { type Config, findFlow } from '../../../lib/config/configuration.ts';
import { UsageError } from '../arguments.ts';
import { checkedOf } from '../deploy/configuration.ts';
import { type Io, paint, row, say } from '../io.ts';
import { outputOf } from '../stack.ts';
import { Failed, type Tool } from '../tool.ts';
import { type Change, changed, inWords, needsValue } from './change.ts';
import { credentialsOf, type Grant, type SecretDocument, unusedOf, withCredentials } from './document.ts';
import { readSecretOptions, usage } from './options.ts';
import {
  askForCredentials,
  askForSignatureKey,
  askForWebhookSecret,
  MIN_TOKEN_CHARACTERS,
} from './questions.ts';
import type { Read, SecretStore } from './store.ts';

/** 256 bits, for a caller's token and for a webhook's secret. */
const RANDOM_BYTES = 32;

/** Fills in the deployed secret, and rotates what is in it. */
export const secretTool: Tool = {
  ...usage,
  async run(argv, io) {
    const { command, stage, secretId } = readSecretOptions(argv);
    const { config: configured } = checkedOf(stage);
    if (command.is === 'change') checkFlows(command, configured);
    const given = secretId ?? (stage === undefined ? io.env['STUDIO_SECRET_ID'] || undefined : undefined);
    const { openSecret } = await import('./store.ts');
    const store = openSecret(await outputOf('SecretArn', { given, option: '--secret-id', stage }));
    const where = secretId ? ` --secret-id ${secretId}` : stage ? ` --stage ${stage}` : '';
    try {
      const opened = { store, before: await store.read(), io, where };
      if (command.is === 'show') showSecret(io, store.id, opened.before.document);
      else if (command.is === 'credentials') await fillIn(opened, configured);
      else await apply(command, opened);
      return 0;
    } finally {
      store.close();
    }
  },
};

/** `where`: the options with which a further command means the same secret. */
type Opened = { store: SecretStore; before: Read; io: Io; where: string };

async function fillIn({ store, before, io, where }: Opened, { edge, region }: Config): Promise<void> {
  const { document } = before;
  const credentials = await askForCredentials(io, credentialsOf(document));
  const baseUrl = io.env['STUDIO_BASE_URL'];
  const { checkWithTwilio } = await import('./twilio.ts');
  await checkWithTwilio(credentials, baseUrl ? { baseUrl } : edge && region ? { edge, region } : {});
  await store.write(withCredentials(document, credentials), before);
  say(io, '', `  ${paint(io, 'green', 'Twilio takes the credentials, and they are stored.')}`);
  if (document.callers.length === 0)
    say(io, `  There are no callers yet: npm run secret -- add-caller NAME --scopes trigger${where}`);
}

async function apply(change: Change & { ask: boolean }, { store, before, io, where }: Opened): Promise<void> {
  const { document } = before;
  if (credentialsOf(document) === null)
    throw new Failed(['The secret holds no Twilio credentials yet: npm run secret asks for them.']);
  // Tries the change without a value first, so that an impossible one fails before a secret is asked for.
  changed(document, change, '');
  const value = needsValue(change) ? await newValue(change, io) : '';
  const after = changed(document, change, value);
  const unused = unusedOf(after);
  if (unused.length > unusedOf(document).length)
    throw new Failed(['The functions would ignore this; nothing was written.', ...unused]);
  await store.write(after, before);
  const [done = '', ...more] = inWords(change, where);
  say(io, `  ${paint(io, 'green', done)}`, ...more.map((line) => `  ${line}`));
  if (value !== '' && !change.ask) say(io, '  It is shown only this once:', '', value, '');
}

async function newValue({ kind, ask }: Change & { ask: boolean }, io: Io): Promise<string> {
  if (kind === 'signature-key') return askForSignatureKey(io);
  if (ask) return askForWebhookSecret(io);
  const random = randomBytes(RANDOM_BYTES);
  return kind === 'caller' ? random.toString('base64url') : `whsec_${random.toString('base64')}`;
}

function checkFlows({ grant }: Change, configured: Config): void {
  const unknown = (grant.flows ?? []).filter((flow) => !findFlow(configured, flow));
  if (unknown.length > 0)
    throw new UsageError(unknown.map((flow) => `--flows ${flow} is no flow of infra/config.ts`));
}

/** Prints names, scopes and numbers; never a token, a secret or a key. */
function showSecret(io: Pick<Io, 'out' | 'env'>, id: string, document: SecretDocument): void {
  const credentials = credentialsOf(document);
  row(io, 'Secret', id);
  row(io, 'Account', credentials?.accountSid ?? 'not filled in yet: npm run secret');
  if (credentials) row(io, 'API key', credentials.apiKeySid);
  if (credentials) row(io, '', credentials.authToken ? 'with an Auth Token' : 'without an Auth Token');
  table('Callers', document.callers, 'tokens');
  table('Webhooks', document.webhooks, 'secrets');
  const signatureKeys = document.signatureKeys ?? [];
  say(io, '');
  row(io, 'Signature keys', signatureKeys.length === 0 ? 'none' : '');
  for (const { sid } of signatureKeys) say(io, `  ${paint(io, 'bold', sid)}`);
  const unused = credentials ? unusedOf(document) : [];
  if (unused.length > 0) say(io, '');
  for (const [at, mistake] of unused.entries()) row(io, at === 0 ? 'Not used' : '', mistake);

  function table(title: string, entries: readonly (Grant & { token?: string })[], things: string): void {
    say(io, '');
    row(io, title, entries.length === 0 ? 'none' : '');
    const width = Math.max(0, ...entries.map(({ name }) => name.length));
    for (const [name, all] of Map.groupBy(entries, (entry) => entry.name)) {
      const newest = all.at(-1);
      const rights = `${newest?.scopes.join(', ')}; ${newest?.flows?.join(', ') ?? 'all flows'}`;
      const rotating = all.length > 1 ? `; ${all.length} ${things} are valid` : '';
      const isShort = newest?.token !== undefined && newest.token.length < MIN_TOKEN_CHARACTERS;
      const short = `; the token has fewer than ${MIN_TOKEN_CHARACTERS} characters: rotate it`;
      say(io, `  ${paint(io, 'bold', name.padEnd(width))}  ${rights}${rotating}${isShort ? short : ''}`);
    }
  }
}
