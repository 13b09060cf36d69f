import { join } from 'node:path';
import type { FunctionSpec } from './environment.ts';

/** The functions as the stack deploys them: the same variables, times and memory (infra/constructs). */

const HTTP_TIMEOUT_MS = 29_000;
const WORKER_TIMEOUT_MS = 15 * 60_000;
const WORKER_RUN_MS = 7 * 86_400_000;
const MEMORY_MB = 1_024;
/** Invocations beyond these wait for a free environment. */
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

/** `shared` gives what every function has, such as endpoints, whenever an environment starts. */
export function functionSpecs(options: {
  bundlesDirectory: string;
  resources: Resources;
  shared: () => Record<string, string>;
}): FunctionSpec[] {
  const { secretId, config, table, archiveBucket, cleanupFunction } = options.resources;
  const spec = (name: string, own: Record<string, string> = {}) => ({
    name,
    bundle: join(options.bundlesDirectory, name, 'index.mjs'),
    timeoutMs: HTTP_TIMEOUT_MS,
    memoryMb: MEMORY_MB,
    maxEnvironments: MAX_ENVIRONMENTS,
    env: () => ({ ...options.shared(), STUDIO_SECRET_ID: secretId, STUDIO_CONFIG: config, ...own }),
  });
  const purging = { STUDIO_TABLE: table, STUDIO_CLEANUP_FUNCTION: cleanupFunction };
  return [
    spec('trigger', { STUDIO_TABLE: table }),
    spec('query'),
    spec('end'),
    spec('delete'),
    spec('purge', purging),
    {
      ...spec('cleanup', { ...purging, STUDIO_ARCHIVE_BUCKET: archiveBucket }),
      timeoutMs: WORKER_TIMEOUT_MS,
      maxEnvironments: MAX_WORKERS,
      durable: { executionTimeoutMs: WORKER_RUN_MS },
    },
  ];
}
