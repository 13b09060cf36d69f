import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { ConfigError } from '../../../lib/config/configuration.ts';
import { explainedAws } from '../aws.ts';
import { Failed } from '../tool.ts';
import { EMPTY, formatDocument, parseDocument, type SecretDocument } from './document.ts';

/** The stored document and its version; null if none was stored yet. */
export type Read = { document: SecretDocument; version: string | null };

export type SecretStore = ReturnType<typeof openSecret>;

const NOT_FOUND = 'ResourceNotFoundException';

/** Opens the deployed secret by its name or ARN. */
export function openSecret(id: string) {
  const client = new SecretsManagerClient({});
  const explain = (error: unknown) =>
    explainedAws(error, {
      [NOT_FOUND]: `There is no secret ${id} in this account and region: deploy first.`,
    });

  /** Returns null if the secret has no value yet, or does not exist. The write finds out which. */
  const current = () =>
    client.send(new GetSecretValueCommand({ SecretId: id })).catch((error: unknown) => {
      if (error instanceof Error && error.name === NOT_FOUND) return null;
      throw explain(error);
    });

  return {
    id,
    async read(): Promise<Read> {
      const stored = await current();
      if (!stored) return { document: EMPTY, version: null };
      const json = stored.SecretString ?? new TextDecoder().decode(stored.SecretBinary);
      return { document: readable(json), version: stored.VersionId ?? null };
    },
    /** Throws a Failed if the secret has changed since it was read. */
    async write(document: SecretDocument, { version }: Read): Promise<void> {
      const SecretString = formatDocument(document);
      if (((await current())?.VersionId ?? null) !== version)
        throw new Failed([
          'The secret was changed by another command meanwhile; nothing was written. Run this again.',
        ]);
      await client
        .send(new PutSecretValueCommand({ SecretId: id, SecretString }))
        .catch((error: unknown) => Promise.reject(explain(error)));
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
