import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { ConfigError } from '../../../lib/config/configuration.ts';
import { explainedAws } from '../aws.ts';
import { Failed } from '../tool.ts';
import { EMPTY, formatDocument, parseDocument, type SecretDocument } from './document.ts';

/** What was read, and which version it was. */
export type Read = { document: SecretDocument; version: string | null };

export type SecretStore = {
  id: string;
  read(): Promise<Read>;
  /** Refuses to write over what another has written since it was read. */
  write(document: SecretDocument, before: Read): Promise<void>;
  close(): void;
};

const NOT_FOUND = 'ResourceNotFoundException';

/** The deployed secret, by name or ARN. One that was never filled in reads as an empty document. */
export function openSecret(id: string): SecretStore {
  const client = new SecretsManagerClient({});
  const meanings = { [NOT_FOUND]: `There is no secret ${id} in this account and region: deploy first.` };

  /** null: there is no such secret, or it has no value yet. The write tells which. */
  async function current(): Promise<{ json: string; version: string | null } | null> {
    try {
      const value = await client.send(new GetSecretValueCommand({ SecretId: id }));
      const json = value.SecretString ?? new TextDecoder().decode(value.SecretBinary);
      return { json, version: value.VersionId ?? null };
    } catch (error) {
      if (error instanceof Error && error.name === NOT_FOUND) return null;
      throw explainedAws(error, meanings);
    }
  }

  return {
    id,
    async read() {
      const stored = await current();
      return { document: stored ? readable(stored.json) : EMPTY, version: stored?.version ?? null };
    },
    async write(document, { version }) {
      const SecretString = formatDocument(document);
      if (((await current())?.version ?? null) !== version)
        throw new Failed([
          'Somebody else has changed the secret meanwhile; nothing was written. Once more, please.',
        ]);
      try {
        await client.send(new PutSecretValueCommand({ SecretId: id, SecretString }));
      } catch (error) {
        throw explainedAws(error, meanings);
      }
    },
    close: () => client.destroy(),
  };
}

function readable(json: string): SecretDocument {
  try {
    return parseDocument(json);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mistakes = error.mistakes.map(({ pointer, detail }) => `  ${pointer} ${detail}`);
    throw new Failed(['The secret holds something else; nothing was written.', ...mistakes]);
  }
}
