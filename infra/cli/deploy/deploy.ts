import { RESERVE_CONTEXT, RESERVED_OUTPUT } from '../../constructs/api/reserved.ts';
import type { Checked } from '../../constructs/checked.ts';
import { STAGE_NAME, stackName } from '../../stage.ts';
import { type Options, readArguments, stageOption, type Usage, UsageError } from '../arguments.ts';
import { isUnusable } from '../aws.ts';
import { confirm, type Io, paint, say } from '../io.ts';
import { describeStack, type Stack } from '../stack.ts';
import { Failed, type Tool } from '../tool.ts';
import { type Cdk, runCdk } from './cdk.ts';
import { accountConcurrency, type Concurrency, type LookedUp, planReservation } from './concurrency.ts';
import { checkedOf } from './configuration.ts';

const DEFAULT_TOOLKIT = 'CDKToolkit';

/** The only CDK context that `-c` accepts. */
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

const usage: Usage = {
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

/** The output of `cdk synth` (infra/cdk.json), so that what was shown is what is deployed. */
const ASSEMBLY = ['--app', '../.build/cdk.out'];

/** The access of deploy to the account and the CDK. */
export type DeployPorts = {
  /** Throws a Failed if infra/config.ts has mistakes, or lacks the stage. */
  check(stage: string | undefined): Checked;
  build(): Promise<unknown>;
  cdk: Cdk;
  describe(stack: string): Promise<Stack | null>;
  concurrency(): Promise<Concurrency>;
};

export function createDeploy({ check, build, cdk, describe, concurrency }: DeployPorts): Tool {
  const runCdkOrFail = async (args: readonly string[], otherwise: string) => {
    const code = await cdk(args);
    if (code !== 0) throw new Failed([`cdk ${args[0]} ended with ${code}. ${otherwise}`]);
  };
  return {
    ...usage,
    async run(argv, io) {
      const { stage, toolkit, yes } = readDeployOptions(argv);
      const checked = check(stage);
      if (!yes && !io.interactive)
        throw new UsageError(['there is no terminal to ask on: --yes deploys without asking']);
      const stack = stackName(stage);
      await checkToolkit(io, () => describe(toolkit), toolkit);
      const deployed = await lookUp(() => describe(stack));
      if ('found' in deployed && deployed.found) refuseForeign(deployed.found, stack);
      const held =
        'found' in deployed ? { found: Number(deployed.found?.outputs.get(RESERVED_OUTPUT) ?? 0) } : deployed;
      const { isReserving, says } = planReservation(await lookUp(concurrency), held, checked);

      heading(io, `Building ${stack}`);
      await build();
      const context = [stage && `stage=${stage}`, isReserving && `${RESERVE_CONTEXT}=true`];
      const given = context.flatMap((one) => (one ? ['-c', one] : []));
      await runCdkOrFail(['synth', '--quiet', ...given], 'Nothing was deployed.');

      const ofToolkit = toolkit === DEFAULT_TOOLKIT ? [] : ['--toolkit-stack-name', toolkit];
      const shown = [stack, ...ASSEMBLY, ...ofToolkit];
      heading(io, 'What would change');
      await runCdkOrFail(['diff', ...shown], 'Nothing was deployed.');
      if (says.length > 0) say(io, '', ...says.map((line) => `  ${line}`));
      if (!yes && !(await confirm(io, `Deploy ${stack}?`))) {
        say(io, '  Nothing was deployed.');
        return 1;
      }
      heading(io, `Deploying ${stack}`);
      // The user has just approved the changes.
      const approved = ['--require-approval', 'never'];
      await runCdkOrFail(['deploy', ...shown, ...approved], `${stack} was not deployed.`);
      printNext(io, stage, await lookUp(() => describe(stack)));
      return 0;
    },
  };
}

/** Throws a UsageError with every mistake. */
function readDeployOptions(argv: readonly string[]) {
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

async function checkToolkit(io: Io, describe: () => Promise<Stack | null>, name: string): Promise<void> {
  const stack = await describe().catch((error: unknown) => {
    if (isUnusable(error)) throw error;
    // Continues, since the CDK checks this too, and may use roles with more permissions.
    say(io, `  Whether the account is bootstrapped could not be looked up (stack ${name}).`);
    say(io, `  ${whyOf(error)}`);
    return undefined;
  });
  if (stack === null)
    throw new Failed([
      `This account and region were never bootstrapped: there is no stack ${name}.`,
      'Run this once for each account and region, with permission to create roles:',
      `  npx cdk bootstrap aws://ACCOUNT/REGION${name === DEFAULT_TOOLKIT ? '' : ` --toolkit-stack-name ${name}`}`,
      'Nothing was deployed.',
    ]);
  if (stack && !/^(CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT)_COMPLETE$/.test(stack.status))
    throw new Failed([
      `The stack ${name} is ${stack.status}: repair it with npx cdk bootstrap aws://ACCOUNT/REGION. Nothing was deployed.`,
    ]);
}

/** Throws a Failed for another project's stack, since the CDK would replace everything in it. */
function refuseForeign({ outputs }: Stack, name: string): void {
  if (outputs.size === 0 || outputs.has('ApiUrl') || outputs.has(RESERVED_OUTPUT)) return;
  throw new Failed([
    `There is a stack ${name} in this account and region already, and it belongs to another project:`,
    'deploying would remove what is in it. Deploy a stage (--stage NAME), or into another region.',
    'Nothing was deployed.',
  ]);
}

/** Looks up something whose failure does not stop the deployment. */
async function lookUp<T>(ask: () => Promise<T>): Promise<LookedUp<T>> {
  try {
    return { found: await ask() };
  } catch (error) {
    return { why: whyOf(error) };
  }
}

function whyOf(error: unknown): string {
  if (error instanceof Failed) return error.lines.join(' ');
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function printNext(io: Io, stage: string | undefined, stack: LookedUp<Stack | null>): void {
  const url = 'found' in stack ? stack.found?.outputs.get('ApiUrl') : undefined;
  heading(io, `Deployed${url ? `: ${url}` : ''}`);
  if ('why' in stack) {
    say(io, '  Its address could not be looked up; it is among the outputs of the stack.');
    say(io, `  ${stack.why}`);
  }
  say(io, '  Fill in the secret, unless it is filled in already:');
  say(io, `    npm run secret${stage ? ` -- --stage ${stage}` : ''}`);
  say(io, '  Check that it works:');
  say(io, `    npm run smoke -- --url ${url ?? 'https://…'} --flow … --to …`);
}

function heading(io: Io, text: string): void {
  say(io, '', `  ${paint(io, 'bold', text)}`, '');
}

/** Puts the stack into an AWS account. */
export const deployTool = createDeploy({
  check: checkedOf,
  build: async () => (await import('../../build.ts')).buildBundles(),
  cdk: runCdk,
  describe: describeStack,
  concurrency: accountConcurrency,
});
