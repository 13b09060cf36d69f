import { SCOPES, type Scope } from '../../../lib/config/configuration.ts';
import { type Arguments, type Options, readArguments, stageOption, type Usage } from '../arguments.ts';
import { type Change, changes } from './change.ts';

const options = {
  scopes: {
    flags: '--scopes <scopes>',
    help: `of ${SCOPES.join(', ')}; or all`,
    check: (value) =>
      listOf(scopesIn(value)).every(isScope) ? null : `must be of ${SCOPES.join(', ')}; or all`,
  },
  flows: { flags: '--flows <flows>', help: 'aliases or SIDs; every configured flow unless given' },
  ask: { flags: '--ask', help: "the webhook's secret is the sender's own: ask for it" },
  secretId: {
    flags: '--secret-id <id>',
    help: "the secret; else STUDIO_SECRET_ID, else the deployed stack's",
  },
  stage: stageOption,
} as const satisfies Options;

export type SecretOptions = {
  command: { is: 'credentials' } | { is: 'show' } | ({ is: 'change'; ask: boolean } & Change);
  secretId: string | undefined;
  stage: string | undefined;
};

export const usage: Usage = {
  name: 'secret',
  usage: '[command] [options]',
  about: "Fills in and rotates the secret: Twilio's credentials, and who may call the API.",
  options,
  notes: `
Commands:
  npm run secret                          asks for Twilio's credentials
  npm run secret -- show                  names and scopes, never values
  npm run secret -- add-caller NAME --scopes trigger,read [--flows welcome]
  npm run secret -- rotate-caller NAME    a second token; both are valid
  npm run secret -- retire-caller NAME    ends all but the newest
  npm run secret -- remove-caller NAME
  …-webhook instead of …-caller           the same for senders of webhooks
  npm run secret -- add-signature-key SID a shared key that Twilio signs with
  npm run secret -- remove-signature-key SID

A new token is shown once. Without a terminal, answers are read from the input,
one a line. AWS credentials and region are found as the AWS CLI finds them.`,
};

/** Throws a UsageError with every mistake. */
export function readSecretOptions(argv: readonly string[]): SecretOptions {
  const { values, words } = readArguments(argv, options, { most: 2, also: mistakesIn });
  const [word, name = ''] = words;
  const { secretId, stage, ask } = values;
  const change = changes.get(word ?? '');
  if (!change) return { command: { is: word === 'show' ? 'show' : 'credentials' }, secretId, stage };
  const flows = values.flows && listOf(values.flows);
  const grant = { name, scopes: listOf(scopesIn(values.scopes)).filter(isScope), ...(flows && { flows }) };
  return {
    command: { is: 'change', ask: ask || change.kind === 'signature-key', ...change, grant },
    secretId,
    stage,
  };
}

function mistakesIn({ words: [word, name], values }: Arguments<typeof options>): (string | null)[] {
  const { scopes, flows, ask } = values;
  const change = changes.get(word ?? '');
  if (word !== undefined && word !== 'show' && !change)
    return [`${word} is no command: show, ${[...changes.keys()].join(', ')}`];
  const adds = change?.verb === 'add' && change.kind !== 'signature-key';
  const makes = adds || change?.verb === 'rotate';
  return [
    change && name === undefined ? `${word} needs a name` : null,
    change && name !== undefined && !/^[\w.-]{1,64}$/.test(name)
      ? 'a name has 1 to 64 letters, digits, dots, dashes and underscores'
      : null,
    !change && name !== undefined ? `${word} takes no name` : null,
    adds && scopes === undefined ? '--scopes is missing' : null,
    !adds && (scopes ?? flows) !== undefined
      ? '--scopes and --flows go with add-caller and add-webhook'
      : null,
    ask && !(makes && change?.kind === 'webhook') ? '--ask goes with add-webhook and rotate-webhook' : null,
  ];
}

function scopesIn(text: string | undefined): string {
  return text === 'all' ? SCOPES.join(',') : (text ?? '');
}

function listOf(text: string): string[] {
  return text.split(',').map((one) => one.trim());
}

function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}
