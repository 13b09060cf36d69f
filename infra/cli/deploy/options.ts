import { STAGE_NAME } from '../../stage.ts';
import { type Options, readArguments, stageOption, type Usage } from '../arguments.ts';

export const DEFAULT_TOOLKIT = 'CDKToolkit';

/** The one context that may be given, as the CDK takes it. */
const STAGE = 'stage=';

const options = {
  stage: { ...stageOption, help: 'a stage of infra/config.ts; also -c stage=NAME' },
  context: {
    flags: '-c, --context <stage>',
    help: 'stage=NAME, as the CDK takes it',
    check: (value) =>
      value.startsWith(STAGE) && STAGE_NAME.test(value.slice(STAGE.length)) ? null : 'takes stage=NAME only',
  },
  yes: { flags: '--yes', help: 'do not ask' },
  toolkitStackName: {
    flags: '--toolkit-stack-name <name>',
    help: `where the CDK was bootstrapped, unless ${DEFAULT_TOOLKIT}`,
  },
} as const satisfies Options;

export const usage: Usage = {
  name: 'deploy',
  usage: '[options]',
  about: 'Puts the stack into your AWS account: shows what would change, asks, deploys.',
  options,
  notes: `
npm run deploy
npm run deploy -- --stage prod

Where infra/config.ts does not set reservedConcurrency, runs are set aside for
triggers and purges if the account has enough of them, and it says what it did.
AWS credentials and region are found as the AWS CLI finds them.
Ends with 0 when deployed, 1 when not, 2 when asked wrongly.`,
};

/** Throws a UsageError with every mistake. */
export function readDeployOptions(argv: readonly string[]) {
  const { values } = readArguments(argv, options, {
    most: 0,
    also: ({ values: { stage, context } }) => [
      stage && context && context !== `${STAGE}${stage}` ? '--stage and -c stage name two stages' : null,
    ],
  });
  const { stage, context, toolkitStackName, yes } = values;
  return {
    stage: stage ?? context?.slice(STAGE.length),
    toolkit: toolkitStackName ?? DEFAULT_TOOLKIT,
    yes,
  };
}
