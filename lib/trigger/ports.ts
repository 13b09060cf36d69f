import type { Studio } from '../studio/client.ts';

/** What triggering needs of lib/studio. */
export type Executions = Pick<Studio['executions'], 'create' | 'list' | 'fetch' | 'end' | 'context'>;

/** Waits so many milliseconds. */
export type Sleep = (ms: number) => Promise<void>;
