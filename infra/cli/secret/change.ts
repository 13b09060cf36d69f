import { add, type Grant, remove, retire, rotate, type SecretDocument } from './document.ts';

type Kind = 'caller' | 'webhook' | 'signature-key';
type Verb = 'add' | 'rotate' | 'retire' | 'remove';

export type Change = { verb: Verb; kind: Kind; grant: Grant };

/** Each signature key has its own SID, so a rotation adds one and removes the other. */
const VERBS: Readonly<Record<Kind, readonly Verb[]>> = {
  caller: ['add', 'rotate', 'retire', 'remove'],
  webhook: ['add', 'rotate', 'retire', 'remove'],
  'signature-key': ['add', 'remove'],
};

const KINDS: readonly Kind[] = ['caller', 'webhook', 'signature-key'];

/** The changes by their names on the command line, e.g. `add-caller`. */
export const changes: ReadonlyMap<string, Pick<Change, 'verb' | 'kind'>> = new Map(
  KINDS.flatMap((kind) => VERBS[kind].map((verb) => [`${verb}-${kind}`, { verb, kind }] as const)),
);

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
  const { callers, webhooks, signatureKeys = [] } = document;
  switch (kind) {
    case 'caller':
      return { ...document, callers: edited(callers, verb, { ...grant, token: value }, { token: value }) };
    case 'webhook':
      return {
        ...document,
        webhooks: edited(webhooks, verb, { ...grant, secret: value }, { secret: value }),
      };
    case 'signature-key': {
      const named = signatureKeys.map(({ sid, secret }) => ({ name: sid, secret }));
      const left = edited(named, verb, { name: grant.name, secret: value }, {});
      return { ...document, signatureKeys: left.map(({ name, secret }) => ({ sid: name, secret })) };
    }
  }
}

function edited<T extends { name: string }>(
  entries: readonly T[],
  verb: Verb,
  entry: T,
  fresh: Partial<T>,
): T[] {
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
  if (kind === 'signature-key')
    return verb === 'add'
      ? [`Webhooks that Twilio signs with ${name} are taken, within five minutes.`]
      : [`Webhooks that Twilio signs with ${name} are refused, within five minutes.`];
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
