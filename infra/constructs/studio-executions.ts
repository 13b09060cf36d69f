import { Annotations, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config, ConfigInput } from '../../lib/config.ts';
import type { FunctionName } from '../../lib/http/routes.ts';
import { bundlesDirectory as builtBundles } from '../build.ts';
import { Alarms } from './alarms.ts';
import { Api } from './api.ts';
import { type Checked, checkParts } from './checked.ts';
import { customerKey } from './encryption.ts';
import { environmentsOf } from './environments.ts';
import { Overview } from './overview.ts';
import { permissionsOf } from './permissions.ts';
import type { SettingsInput } from './settings.ts';
import { Storage } from './storage.ts';
import { StudioFunction } from './studio-function.ts';
import { warningsOf } from './warnings.ts';
import { acknowledgeWildcard } from './wildcards.ts';
import { Worker } from './worker.ts';
import { workerName } from './worker-name.ts';

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
  /** The worker's alias: what is invoked to purge. */
  readonly workerArn: string;
  readonly alarms: Alarms;
  readonly functions: Record<FunctionName, StudioFunction>;

  constructor(scope: Construct, id: string, props: StudioExecutionsProps) {
    super(scope, id);
    const { config, settings }: Checked = checkParts(props.config, props.settings ?? {});
    for (const { id: name, text } of warningsOf(config)) Annotations.of(this).addWarningV2(name, text);
    const bundlesDirectory = props.bundlesDirectory ?? builtBundles;

    const key = settings.customerKey ? customerKey(this, settings.keepData) : undefined;
    const storage = new Storage(this, 'Storage', { settings, key });
    const api = new Api(this, 'Http', { corsOrigins: config.corsOrigins });

    const worked = workerName(this);
    const workerArns = { workerArn: worked.aliasArn, workerFunctionArn: worked.functionArn };

    const deploymentName = this.node.path.replaceAll(/[^A-Za-z0-9_-]/g, '-');
    const environments = environmentsOf({
      storage,
      workerArn: worked.aliasArn,
      configJson: configJson(this, config, api.url),
      metricNamespace: deploymentName,
      iam: settings.iam,
    });
    const worker = new Worker(this, 'Worker', {
      name: worked,
      bundlesDirectory,
      settings,
      policies: config.policies,
      key,
      environment: environments.cleanup,
      permissions: permissionsOf.cleanup({ storage, ...workerArns }),
    });
    const { role } = worker.worker;
    acknowledgeWildcard(
      role,
      storage.archive.arnForObjects('*'),
      'Archives have no names before they are written',
    );
    acknowledgeWildcard(
      role,
      `${worked.functionArn}:*`,
      'Runs belong to a version, which is numbered at deployment',
    );
    const behindApi = (constructId: string, name: FunctionName, description: string) =>
      new StudioFunction(this, constructId, {
        name,
        description,
        bundlesDirectory,
        settings,
        key,
        environment: environments[name],
        permissions: permissionsOf[name]({ storage, ...workerArns }),
        ...(name === 'trigger' &&
          settings.reservedConcurrency.trigger && {
            reservedConcurrentExecutions: settings.reservedConcurrency.trigger,
          }),
      });
    const functions = {
      trigger: behindApi('Trigger', 'trigger', 'Triggers an execution, exactly once'),
      query: behindApi('Query', 'query', 'Finds flows, executions and their steps'),
      end: behindApi('End', 'end', 'Ends an execution'),
      delete: behindApi('Delete', 'delete', 'Deletes an execution'),
      purge: behindApi('Purge', 'purge', 'Starts, shows and stops purges'),
    } satisfies Record<FunctionName, StudioFunction>;
    const stage = api.serve({ functions, settings, key });

    const seen = { name: deploymentName, settings, stage, functions, worker };
    this.alarms = new Alarms(this, 'Alarms', { ...seen, key });
    new Overview(this, 'Overview', seen, this.alarms.alarms);
    this.api = api;
    this.storage = storage;
    this.worker = worker;
    this.workerArn = worked.aliasArn;
    this.functions = functions;
  }
}

/** The configuration as the bundles read it. Twilio's signatures are over the public URL: by default the API's. */
function configJson(scope: Construct, config: Config, apiUrl: string): string {
  return Stack.of(scope).toJsonString({ ...config, publicUrl: config.publicUrl ?? apiUrl });
}
