import { METRIC_NAMESPACE_VARIABLE } from '../../../lib/telemetry/metrics.ts';
import type { Settings } from '../deployment-settings.ts';
import type { Storage } from '../storage/storage.ts';
import type { DeployedFunction } from './permissions.ts';

export type EnvironmentProps = {
  storage: Storage;
  workerArn: string;
  /** The checked configuration. */
  configJson: string;
  /** What the functions' metrics are filed under, so that two stages of one account do not mix. */
  metricNamespace: string;
  iam: Settings['iam'];
};

export type EnvironmentOf = Record<DeployedFunction, Record<string, string>>;

/** What each function finds in its environment (DESIGN, section 3), and nothing that it does not need. */
export function environmentsOf(given: EnvironmentProps): EnvironmentOf {
  const { storage, workerArn, configJson, metricNamespace, iam } = given;
  const every = {
    STUDIO_SECRET_ID: storage.secret.ref,
    STUDIO_CONFIG: configJson,
    [METRIC_NAMESPACE_VARIABLE]: metricNamespace,
  };
  const called = {
    ...every,
    ...(iam && { STUDIO_IAM_SCOPES: iam.scopes.join(',') }),
    ...(iam?.flows && { STUDIO_IAM_FLOWS: iam.flows.join(',') }),
  };
  const table = { STUDIO_TABLE: storage.table.tableName };
  const worker = { STUDIO_CLEANUP_FUNCTION: workerArn };
  return {
    trigger: { ...called, ...table },
    query: called,
    end: called,
    delete: called,
    purge: { ...called, ...table, ...worker },
    cleanup: { ...every, ...table, ...worker, STUDIO_ARCHIVE_BUCKET: storage.archive.bucketName },
  };
}
