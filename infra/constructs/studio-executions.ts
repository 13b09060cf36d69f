import { Annotations, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config, ConfigInput } from '../../lib/config.ts';
import type { FunctionName } from '../../lib/http/routes.ts';
import { bundlesDirectory as builtBundles } from '../build.ts';
import { Api } from './api.ts';
import { type Checked, checkParts } from './checked.ts';
import { customerKey } from './encryption.ts';
import { permissionsOf } from './permissions.ts';
import type { SettingsInput } from './settings.ts';
import { Storage } from './storage.ts';
import { StudioFunction } from './studio-function.ts';
import { warningsOf } from './warnings.ts';
import { Worker } from './worker.ts';

export type StudioExecutionsProps = {
  /** Flows, senders, policies: what the functions know. */
  config: ConfigInput;
  /** How it is deployed. Default: see each setting's type. */
  settings?: SettingsInput;
  /** Where the bundles are. Default: where this repository's `npm run build` puts them. */
  bundlesDirectory?: string;
};

/**
 * All of studio-executions, to be put into any stack. Throws an InfraConfigError that names every mistake of
 * its props.
 */
export class StudioExecutions extends Construct {
  readonly api: Api;
  readonly storage: Storage;
  readonly worker: Worker;
  readonly functions: Record<FunctionName, StudioFunction>;

  constructor(scope: Construct, id: string, props: StudioExecutionsProps) {
    super(scope, id);
    const { config, settings }: Checked = checkParts(props.config, props.settings ?? {});
    for (const { id: name, text } of warningsOf(config)) Annotations.of(this).addWarningV2(name, text);
    const bundlesDirectory = props.bundlesDirectory ?? builtBundles;

    const key = settings.customerKey ? customerKey(this, settings.keepData) : undefined;
    const storage = new Storage(this, 'Storage', { settings, key });
    const api = new Api(this, 'Http', { corsOrigins: config.corsOrigins });

    const common = {
      STUDIO_SECRET_ID: storage.secret.ref,
      STUDIO_CONFIG: configJson(this, config, api.url),
    };
    const forCallers = settings.iam
      ? { ...common, STUDIO_IAM_SCOPES: settings.iam.scopes.join(',') }
      : common;
    const withTable = { ...forCallers, STUDIO_TABLE: storage.table.tableName };

    const worker = new Worker(this, 'Worker', {
      bundlesDirectory,
      settings,
      policies: config.policies,
      storage,
      key,
      environment: {
        ...common,
        STUDIO_TABLE: storage.table.tableName,
        STUDIO_ARCHIVE_BUCKET: storage.archive.bucketName,
      },
    });
    const given = { storage, workerArn: worker.arn, workerFunctionArn: worker.functionArn };
    const fn = (
      constructId: string,
      name: FunctionName,
      description: string,
      environment: Record<string, string>,
    ) =>
      new StudioFunction(this, constructId, {
        name,
        description,
        bundlesDirectory,
        settings,
        key,
        environment,
        permissions: permissionsOf[name](given),
        ...(name === 'trigger' &&
          settings.reservedConcurrency.trigger && {
            reservedConcurrentExecutions: settings.reservedConcurrency.trigger,
          }),
      });
    this.functions = {
      trigger: fn('Trigger', 'trigger', 'Triggers an execution, exactly once', withTable),
      query: fn('Query', 'query', 'Finds flows, executions and their steps', forCallers),
      end: fn('End', 'end', 'Ends an execution', forCallers),
      delete: fn('Delete', 'delete', 'Deletes an execution', forCallers),
      purge: fn('Purge', 'purge', 'Starts, shows and stops purges', {
        ...withTable,
        STUDIO_CLEANUP_FUNCTION: worker.arn,
      }),
    };
    api.serve({
      functions: {
        trigger: this.functions.trigger.function,
        query: this.functions.query.function,
        end: this.functions.end.function,
        delete: this.functions.delete.function,
        purge: this.functions.purge.function,
      },
      settings,
      key,
    });
    this.api = api;
    this.storage = storage;
    this.worker = worker;
  }
}

/** The configuration as the bundles read it. Twilio's signatures are over the public URL: by default the API's. */
function configJson(scope: Construct, config: Config, apiUrl: string): string {
  return Stack.of(scope).toJsonString({ ...config, publicUrl: config.publicUrl ?? apiUrl });
}
