import { join } from 'node:path';
import type { FunctionSpec } from './function-host.ts';

/** The functions as the stack deploys them: the same variables, times and memory (infra/constructs). */

const HTTP_TIMEOUT_MS = 29_000;
const WORKER_TIMEOUT_MS = 15 * 60_000;
const WORKER_RUN_MS = 7 * 86_400_000;
const MEMORY_MB = 1_024;
/** A laptop, not a fleet: what comes beyond it waits a moment. */
const MAX_ENVIRONMENTS = 8;
const MAX_WORKERS = 4;

export type Resources = {
  secretId: string;
  /** JSON of the configuration. */
  config: string;
  table: string;
  archiveBucket: string;
  /** Qualified ARN of the worker's alias. */
  cleanupFunction: string;
};

/** `shared`: what every function has beside them, such as endpoints. Both are asked for at each start. */
export function functionSpecs(options: {
  bundlesDirectory: string;
  resources: () => Resources;
  shared: () => Record<string, string>;
}): FunctionSpec[] {
  const spec = (name: string, more: (resources: Resources) => Record<string, string> = () => ({})) => ({
    name,
    bundle: join(options.bundlesDirectory, name, 'index.mjs'),
    timeoutMs: HTTP_TIMEOUT_MS,
    memoryMb: MEMORY_MB,
    maxEnvironments: MAX_ENVIRONMENTS,
    env: () => {
      const resources = options.resources();
      const common = { STUDIO_SECRET_ID: resources.secretId, STUDIO_CONFIG: resources.config };
      return { ...options.shared(), ...common, ...more(resources) };
    },
  });
  return [
    spec('trigger', ({ table }) => ({ STUDIO_TABLE: table })),
    spec('query'),
    spec('end'),
    spec('delete'),
    spec('purge', ({ table, cleanupFunction }) => ({
      STUDIO_TABLE: table,
      STUDIO_CLEANUP_FUNCTION: cleanupFunction,
    })),
    {
      ...spec('cleanup', ({ table, archiveBucket, cleanupFunction }) => ({
        STUDIO_TABLE: table,
        STUDIO_ARCHIVE_BUCKET: archiveBucket,
        STUDIO_CLEANUP_FUNCTION: cleanupFunction,
      })),
      timeoutMs: WORKER_TIMEOUT_MS,
      maxEnvironments: MAX_WORKERS,
      durable: { executionTimeoutMs: WORKER_RUN_MS },
    },
  ];
}
