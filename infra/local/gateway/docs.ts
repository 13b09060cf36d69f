import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Exchange, Reply } from '../http.ts';
import { gatewayReply } from './reply.ts';

const DOCS = '/docs';
const require = createRequire(import.meta.url);

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>studio-executions</title>
    <link rel="icon" href="${DOCS}/favicon-32x32.png">
    <link rel="stylesheet" href="${DOCS}/swagger-ui.css">
  </head>
  <body>
    <div id="docs"></div>
    <script src="${DOCS}/swagger-ui-bundle.js"></script>
    <script src="${DOCS}/start.js"></script>
  </body>
</html>
`;

const start = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });\n`;

/** The files of the package that the page asks for. */
const TYPES: Record<string, string> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
};

/**
 * Answers `GET /docs` with Swagger UI over the served OpenAPI document. Returns null for any other request.
 */
export async function docsReply({ method, path }: Exchange): Promise<Reply | null> {
  if (method !== 'GET' || (path !== DOCS && !path.startsWith(`${DOCS}/`))) return null;
  const asset = path.slice(DOCS.length + 1);
  if (asset === '') return ok('text/html; charset=utf-8', page);
  if (asset === 'start.js') return ok('text/javascript', start);
  const type = Object.hasOwn(TYPES, asset) ? TYPES[asset] : undefined;
  if (type === undefined) return gatewayReply(404, 'Not Found');
  return ok(type, await readFile(require.resolve(`swagger-ui-dist/${asset}`)));
}

function ok(type: string, body: string | Uint8Array): Reply {
  return {
    status: 200,
    headers: {
      'content-type': type,
      // No foreign script may run beside a token.
      'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
      'x-content-type-options': 'nosniff',
    },
    body,
  };
}
