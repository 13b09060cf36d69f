import { Failed } from '../tool.ts';
import type { Grant, SecretDocument } from './document.ts';

type Verb = 'add' | 'rotate' | 'retire' | 'remove';
type Kind = 'caller' | 'webhook' | 'signature-key';
export type Change = { verb: Verb; kind: Kind; grant: Grant };

/** The list of each kind's entries, and the members for their name and secret. */
const KINDS = {
  caller: { list: 'callers', name: 'name', secret: 'token', verbs: ['add', 'rotate', 'retire', 'remove'] },
  webhook: { list: 'webhooks', name: 'name', secret: 'secret', verbs: ['add', 'rotate', 'retire', 'remove'] },
  // Each key has a SID of its own: a rotation adds a key and removes the other.
  'signature-key': { list: 'signatureKeys', name: 'sid', secret: 'secret', verbs: ['add', 'remove'] },
} as const;
const kinds = ['caller', 'webhook', 'signature-key'] as const;

/** The changes by their names on the command line, e.g. `add-caller`. */
export const changes: ReadonlyMap<string, Pick<Change, 'verb' | 'kind'>> = new Map(
  kinds.flatMap((kind) => KINDS[kind].verbs.map((verb) => [`${verb}-${kind}`, { verb, kind }] as const)),
);

/** Whether the change needs a new token or secret. */
export function needsValue({ verb }: Change): boolean {
  return verb === 'add' || verb === 'rotate';
}

/**
 * Returns the changed document. `value` is the new token or secret. The newest entry of a name is the last.
 */
export function changed(
  document: SecretDocument,
  { verb, kind, grant }: Change,
  value: string,
): SecretDocument {
  const { list, name: key, secret } = KINDS[kind];
  const entries: readonly Record<string, unknown>[] = document[list] ?? [];
  const isNamed = (entry: Record<string, unknown>) => entry[key] === grant.name;
  const newest = entries.findLast(isNamed);
  const fresh = kind === 'signature-key' ? { sid: grant.name } : grant;
  if (verb === 'add') {
    if (newest) throw new Failed([`There is ${grant.name} already: rotate or remove it.`]);
    return { ...document, [list]: [...entries, { ...fresh, [secret]: value }] };
  }
  if (!newest) {
    const names = [...new Set(entries.map((entry) => entry[key]))].join(', ');
    throw new Failed([`There is no ${grant.name}${names && ` among ${names}`}.`]);
  }
  if (verb === 'rotate') return { ...document, [list]: [...entries, { ...newest, [secret]: value }] };
  const left = entries.filter((entry) => !isNamed(entry) || (verb === 'retire' && entry === newest));
  if (left.length === entries.length)
    throw new Failed([`${grant.name} has only one: there is nothing to retire.`]);
  return { ...document, [list]: left };
}

/** Describes the change. `where`: the options with which a further command means the same secret. */
export function inWords({ verb, kind, grant: { name } }: Change, where: string): string[] {
  if (kind === 'signature-key') {
    const does = verb === 'add' ? 'taken' : 'refused';
    return [`Webhooks that Twilio signs with ${name} are ${does}, within five minutes.`];
  }
  const [thing, does] = kind === 'caller' ? ['token', 'call'] : ['secret', 'send webhooks'];
  switch (verb) {
    case 'add':
      return [`${name} may ${does} with this ${thing}.`];
    case 'rotate':
      return [
        `${name} has one more ${thing}; the older ones are valid too.`,
        `When it is in use: npm run secret -- retire-${kind} ${name}${where}`,
      ];
    case 'retire':
      return [`Only the newest ${thing} of ${name} is taken, within five minutes.`];
    case 'remove':
      return [`${name} may ${does} no more, within five minutes.`];
  }
}
