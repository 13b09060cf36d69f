import { Annotations, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config, ConfigInput } from '../../lib/config/configuration.ts';
import type { FunctionName } from '../../lib/http/routes.ts';
import { bundlesDirectory as builtBundles } from '../build.ts';
import { environmentsOf } from './api/environments.ts';
import { functionsBehindApi } from './api/functions.ts';
import { Api } from './api/http-api.ts';
import type { StudioFunction } from './api/studio-function.ts';
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
  /** As it was checked, with the defaults filled in. */
  readonly settings: Settings;

  constructor(scope: Construct, id: string, props: StudioExecutionsProps) {
    super(scope, id);
    const { config, settings }: Checked = checkParts(props.config, props.settings ?? {});
    for (const warning of warningsOf(config, settings))
      Annotations.of(this).addWarningV2(warning.id, warning.text);
    const bundlesDirectory = props.bundlesDirectory ?? builtBundles;

    const workerIs = workerName(this);
    const key = settings.customerKey ? customerKey(this, settings.keepData, workerIs.functionArn) : undefined;
    const storage = new Storage(this, 'Storage', { settings, key });
    const api = new Api(this, 'Http', { corsOrigins: config.corsOrigins });

    const given = { storage, workerArn: workerIs.aliasArn, workerFunctionArn: workerIs.functionArn };
    const name = this.node.path.replaceAll(/[^A-Za-z0-9_-]/g, '-');
    const environments = environmentsOf({
      storage,
      workerArn: workerIs.aliasArn,
      configJson: configJson(this, config, api.url),
      metricNamespace: name,
      iam: settings.iam,
    });

    const common = { bundlesDirectory, settings, key };
    const functions = functionsBehindApi(this, { ...common, environments, given });
    const worker = new Worker(this, 'Worker', {
      ...common,
      name: workerIs,
      policies: config.policies,
      environment: environments.cleanup,
      given,
    });
    const stage = api.serve({ functions, settings, key });

    const monitored = { name, settings, stage, functions, worker };
    this.alarms = new Alarms(this, 'Alarms', { ...monitored, key });
    new Overview(this, 'Overview', monitored, this.alarms.alarms);

    this.settings = settings;
    this.api = api;
    this.storage = storage;
    this.functions = functions;
    this.worker = worker;
    this.workerArn = workerIs.aliasArn;
  }
}

/** The configuration as the bundles read it. Twilio's signatures are over the public URL: by default the API's. */
function configJson(scope: Construct, config: Config, apiUrl: string): string {
  return Stack.of(scope).toJsonString({ ...config, publicUrl: config.publicUrl ?? apiUrl });
}
