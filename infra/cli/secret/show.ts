import { type Io, paint, row, say } from '../io.ts';
import { credentialsOf, type Grant, type SecretDocument, unusedOf } from './document.ts';
import { MIN_TOKEN_CHARACTERS } from './questions.ts';

/** Prints names, scopes and numbers; never a token, a secret or a key. */
export function showSecret(io: Pick<Io, 'out' | 'env'>, id: string, document: SecretDocument): void {
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
