import { Annotations, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config, ConfigInput } from '../../lib/config/configuration.ts';
import type { FunctionName } from '../../lib/http/routes.ts';
import { bundlesDirectory as builtBundles } from '../build.ts';
import { Api } from './api/http-api.ts';
import { type Deployment, StudioFunction } from './api/studio-function.ts';
import { type Checked, checkParts } from './checked.ts';
import type { Settings, SettingsInput } from './deployment-settings.ts';
import { Alarms } from './monitoring/alarms.ts';
import { Overview } from './monitoring/dashboard.ts';
import { customerKey } from './storage/encryption.ts';
import { Storage } from './storage/storage.ts';
import { warningsOf } from './warnings.ts';
import { Worker } from './worker/worker.ts';
import { workerName } from './worker/worker-name.ts';

export type StudioExecutionsProps = {
  /** Flows, senders, policies: the configuration of the functions. */
  config: ConfigInput;
  /** How it is deployed. Default: see each setting's type. */
  settings?: SettingsInput;
  /** Where the bundles are. Default: where this repository's `npm run build` puts them. */
  bundlesDirectory?: string;
};

/**
 * All resources of studio-executions, for any stack. Throws an InfraConfigError with every mistake in its
 * props.
 */
export class StudioExecutions extends Construct {
  readonly api: Api;
  readonly storage: Storage;
  readonly worker: Worker;
  /** ARN of the worker's alias, which is invoked to purge. */
  readonly workerArn: string;
  readonly alarms: Alarms;
  readonly functions: Record<FunctionName, StudioFunction>;
  /** The checked settings, with defaults. */
  readonly settings: Settings;

  constructor(scope: Construct, id: string, props: StudioExecutionsProps) {
    super(scope, id);
    const { config, settings }: Checked = checkParts(props.config, props.settings ?? {});
    for (const warning of warningsOf(config, settings))
      Annotations.of(this).addWarningV2(warning.id, warning.text);

    const worker = workerName(this);
    const key = settings.customerKey ? customerKey(this, settings.keepData, worker.functionArn) : undefined;
    this.storage = new Storage(this, 'Storage', { settings, key });
    this.api = new Api(this, 'Http', { corsOrigins: config.corsOrigins });

    const name = this.node.path.replaceAll(/[^A-Za-z0-9_-]/g, '-');
    const deployment = {
      bundlesDirectory: props.bundlesDirectory ?? builtBundles,
      settings,
      key,
      storage: this.storage,
      worker,
      configJson: configJson(this, config, this.api.url),
      metricNamespace: name,
    };
    this.functions = functionsBehindApi(this, deployment);
    this.worker = new Worker(this, 'Worker', { deployment, policies: config.policies });
    const stage = this.api.serve({ functions: this.functions, settings, key });

    const monitored = { name, settings, stage, functions: this.functions, worker: this.worker };
    this.alarms = new Alarms(this, 'Alarms', { ...monitored, key });
    new Overview(this, 'Overview', monitored, this.alarms.alarms);
    this.settings = settings;
    this.workerArn = worker.aliasArn;
  }
}

/** The functions behind the API, each with its own role, environment and log group. */
function functionsBehindApi(scope: Construct, deployment: Deployment): Record<FunctionName, StudioFunction> {
  const make = (id: string, name: FunctionName, description: string) =>
    new StudioFunction(scope, id, { name, description, deployment });
  return {
    trigger: make('Trigger', 'trigger', 'Triggers an execution, exactly once'),
    query: make('Query', 'query', 'Finds flows, executions and their steps'),
    end: make('End', 'end', 'Ends an execution'),
    delete: make('Delete', 'delete', 'Deletes an execution'),
    purge: make('Purge', 'purge', 'Starts, shows and stops purges'),
  };
}

/**
 * Returns the configuration as the bundles read it. Twilio's signatures cover the public URL, by default the
 * API's.
 */
function configJson(scope: Construct, config: Config, apiUrl: string): string {
  return Stack.of(scope).toJsonString({ ...config, publicUrl: config.publicUrl ?? apiUrl });
}
