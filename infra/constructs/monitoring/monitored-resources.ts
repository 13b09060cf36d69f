import type { HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import type { FunctionName } from '../../../lib/http/routes.ts';
import type { StudioFunction } from '../api/studio-function.ts';
import type { Settings } from '../deployment-settings.ts';
import type { Worker } from '../worker/worker.ts';

/** What alarms and dashboard look at. */
export type MonitoredResources = {
  /** Of the deployment: alarms begin with it, and the functions' metrics are filed under it. */
  name: string;
  settings: Settings;
  stage: HttpStage;
  functions: Record<FunctionName, StudioFunction>;
  worker: Worker;
};

/** Every function of a deployment. */
export function everyFunction({ functions, worker }: MonitoredResources): Record<string, StudioFunction> {
  return { ...functions, cleanup: worker.worker };
}
