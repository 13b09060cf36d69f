import type { PurgeRequest } from '../../../lib/purge/record/record.ts';

/** A request with its defaults filled in: what has ended in one flow and is a week old. */
export function requestOf(changes: Partial<PurgeRequest> = {}): PurgeRequest {
  return {
    flows: ['welcome'],
    status: 'ended',
    olderThan: 'P7D',
    dateCreatedFrom: null,
    dateCreatedTo: null,
    contact: null,
    action: 'delete',
    archive: false,
    limit: null,
    dryRun: true,
    ...changes,
  };
}
