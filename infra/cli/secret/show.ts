import { type Io, paint, say } from '../io.ts';
import { credentialsOf, type SecretDocument } from './document.ts';

type Entry = { name: string; scopes: readonly string[]; flows?: readonly string[] };

/** Names, scopes and numbers; never a token, a secret or a key. */
export function showSecret(io: Pick<Io, 'out' | 'env'>, id: string, document: SecretDocument): void {
  const credentials = credentialsOf(document);
  const row = (label: string, text: string) => say(io, `  ${paint(io, 'dim', label.padEnd(9))} ${text}`);
  row('Secret', id);
  row('Account', credentials?.accountSid ?? 'not filled in yet: npm run secret');
  if (credentials) row('API key', credentials.apiKeySid);
  if (credentials) row('', credentials.authToken ? 'with an Auth Token' : 'without an Auth Token');
  table('Callers', document.callers, 'tokens');
  table('Webhooks', document.webhooks, 'secrets');

  function table(title: string, entries: readonly Entry[], things: string): void {
    const names = [...new Set(entries.map(({ name }) => name))];
    say(io, '');
    row(title, names.length === 0 ? 'none' : '');
    const width = Math.max(0, ...names.map((name) => name.length));
    for (const name of names) {
      const all = entries.filter((one) => one.name === name);
      const newest = all.at(-1);
      const flows = newest?.flows ? newest.flows.join(', ') : 'all flows';
      const rotating = all.length > 1 ? `; ${all.length} ${things} are valid` : '';
      say(
        io,
        `  ${paint(io, 'bold', name.padEnd(width))}  ${newest?.scopes.join(', ')}; ${flows}${rotating}`,
      );
    }
  }
}
