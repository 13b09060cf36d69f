import { add, type Grant, remove, retire, rotate, type SecretDocument } from './document.ts';

export const KINDS = ['caller', 'webhook'] as const;
export const VERBS = ['add', 'rotate', 'retire', 'remove'] as const;
export type Kind = (typeof KINDS)[number];
export type Verb = (typeof VERBS)[number];

export type Change = { verb: Verb; kind: Kind; grant: Grant };

/** Whether the change brings a new token or secret into being. */
export function needsValue({ verb }: Change): boolean {
  return verb === 'add' || verb === 'rotate';
}

/** The document after the change; `value` is the new token or secret, if the change needs one. */
export function changed(
  document: SecretDocument,
  { verb, kind, grant }: Change,
  value: string,
): SecretDocument {
  const { callers, webhooks } = document;
  return kind === 'caller'
    ? { ...document, callers: edited(callers, verb, { ...grant, token: value }, { token: value }) }
    : { ...document, webhooks: edited(webhooks, verb, { ...grant, secret: value }, { secret: value }) };
}

function edited<T extends Grant>(entries: readonly T[], verb: Verb, entry: T, fresh: Partial<T>): T[] {
  switch (verb) {
    case 'add':
      return add(entries, entry);
    case 'rotate':
      return rotate(entries, entry.name, fresh);
    case 'retire':
      return retire(entries, entry.name);
    case 'remove':
      return remove(entries, entry.name);
  }
}

/**
 * What has changed, in words; `where` is what a further command needs to mean the same secret. Functions that
 * are warm keep a secret for up to five minutes.
 */
export function inWords({ verb, kind, grant: { name } }: Change, where: string): string[] {
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
