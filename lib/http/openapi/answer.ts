import type { Config } from '../../config/configuration.ts';
import type { Answer } from '../request.ts';
import { openApiDocument } from './document.ts';

/** Made when it is first asked for; it is the same as long as the process lives. */
const documents = new WeakMap<Config, Record<string, unknown>>();

/** GET /openapi.json. */
export function openApiAnswer(config: Config): Answer {
  const document = documents.get(config) ?? openApiDocument(config);
  documents.set(config, document);
  return { status: 200, body: document };
}
