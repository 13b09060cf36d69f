import { join } from 'node:path';
import {
  HTTP_MEMORY_MB,
  HTTP_TIMEOUT_SECONDS,
  WORKER_MEMORY_MB,
  WORKER_RUN_DAYS,
  WORKER_TIMEOUT_SECONDS,
} from '../../function-limits.ts';
import type { FunctionSpec } from './environment.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
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

/**
 * Describes the functions as the stack deploys them. `shared` returns the variables of every function, such as
 * endpoints, whenever an environment starts.
 */
export function functionSpecs(options: {
  bundlesDirectory: string;
  resources: Resources;
  shared: () => Record<string, string>;
}): FunctionSpec[] {
  const { secretId, config, table, archiveBucket, cleanupFunction } = options.resources;
  const spec = (name: string, own: Record<string, string> = {}) => ({
    name,
    bundle: join(options.bundlesDirectory, name, 'index.mjs'),
    timeoutMs: HTTP_TIMEOUT_SECONDS * SECOND_MS,
    memoryMb: HTTP_MEMORY_MB,
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
      timeoutMs: WORKER_TIMEOUT_SECONDS * SECOND_MS,
      memoryMb: WORKER_MEMORY_MB,
      maxEnvironments: MAX_WORKERS,
      durable: { executionTimeoutMs: WORKER_RUN_DAYS * DAY_MS },
    },
  ];
}
