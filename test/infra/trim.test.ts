import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { ERRORS_TOLD_APART, trim } from '../../infra/trim.ts';

const lib = fileURLToPath(new URL('../../lib/', import.meta.url));

it('keeps each error of the SDK that a source tells apart by its class', () => {
  const sources = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const named = sources.flatMap((file) =>
    [
      ...readFileSync(join(lib, file), 'utf8').matchAll(
        /import \{([^}]*)\} from '@aws-sdk\/client-(?:dynamodb|secrets-manager)'/g,
      ),
    ].flatMap(([, names = '']) => names.match(/\w+(?:Exception|Error|Exceeded)\b/g) ?? []),
  );
  expect([...new Set(named)]).toEqual(ERRORS_TOLD_APART);
});

it('leaves the others with their names, as exceptions of their service', async () => {
  const contents = `
    import { ConditionalCheckFailedException, DynamoDBClient, DynamoDBServiceException, GetItemCommand } from '@aws-sdk/client-dynamodb';
    export async function failing(type) {
      const handle = async () => ({ response: {
        statusCode: 400, headers: {}, body: new TextEncoder().encode(JSON.stringify({ __type: type, message: 'no' })),
      } });
      const client = new DynamoDBClient({
        region: 'us-east-1', maxAttempts: 1, requestHandler: { handle },
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      });
      const error = await client.send(new GetItemCommand({ TableName: 't', Key: {} })).catch((error) => error);
      return [
        error.name, error.message, error.$metadata.httpStatusCode,
        error instanceof DynamoDBServiceException, error instanceof ConditionalCheckFailedException,
      ];
    }`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    plugins: [trim],
    write: false,
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
  const { failing } = await import(/* @vite-ignore */ `data:text/javascript;base64,${code}`);
  const named = (name: string) => failing(`com.amazonaws.dynamodb.v20120810#${name}`);
  expect(await named('ThrottlingException')).toEqual(['ThrottlingException', 'no', 400, true, false]);
  expect(await named('ConditionalCheckFailedException')).toEqual([
    'ConditionalCheckFailedException',
    'no',
    400,
    true,
    true,
  ]);
});
