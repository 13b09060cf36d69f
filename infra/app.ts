import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { config, deployment } from './config.ts';
import { RESERVE_CONTEXT, withReservation } from './constructs/api/reserved.ts';
import { checkInfraConfig, InfraConfigError } from './constructs/checked.ts';
import { StudioExecutionsStack } from './stack.ts';
import { stackName } from './stage.ts';

/**
 * The app of `cdk synth` and `cdk deploy`. `-c stage=<name>` selects a stage, which is a stack of its own.
 */
const app = new App();
// Every finding fails the synth, unless its construct acknowledges it with a reason.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
const stage: unknown = app.node.tryGetContext('stage');
const isReserving = app.node.tryGetContext(RESERVE_CONTEXT) === 'true';

try {
  const name = stage === undefined ? undefined : String(stage);
  const checked = checkInfraConfig({ config, deployment }, name);
  new StudioExecutionsStack(app, stackName(name), {
    config: checked.config,
    settings: isReserving ? withReservation(checked) : checked.settings,
  });
} catch (error) {
  if (!(error instanceof InfraConfigError)) throw error;
  console.error(
    ['infra/config.ts has mistakes:', ...error.mistakes.map((mistake) => `  ${mistake}`)].join('\n'),
  );
  process.exitCode = 1;
}
