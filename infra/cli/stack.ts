import { stackName } from '../stage.ts';
import { UsageError } from './arguments.ts';
import { explainedAws, UNREADABLE } from './aws.ts';
import { Failed } from './tool.ts';

/** The stack's outputs that the tools read. */
export type OutputName = 'ApiUrl' | 'SecretArn' | 'ArchiveBucketName';

export type Stack = { status: string; outputs: ReadonlyMap<string, string> };

const TIMEOUT_MS = 30_000;

/** Returns null if there is no such stack in this account and region. */
export async function describeStack(name: string, timeoutMs = TIMEOUT_MS): Promise<Stack | null> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient({});
  try {
    const command = new DescribeStacksCommand({ StackName: name });
    const abortSignal = AbortSignal.timeout(timeoutMs);
    const { Stacks: [stack] = [] } = await client.send(command, { abortSignal });
    // CloudFormation answers with an error for a missing stack, so an empty list is not its answer.
    if (!stack) throw new Failed([UNREADABLE]);
    const outputs = (stack.Outputs ?? []).flatMap(({ OutputKey, OutputValue }) =>
      OutputKey && OutputValue ? [[OutputKey, OutputValue] as const] : [],
    );
    return { status: stack.StackStatus ?? '', outputs: new Map(outputs) };
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message))
      return null;
    throw explainedAws(error);
  } finally {
    client.destroy();
  }
}

/** Reads an output of the deployed stack, unless its value was `given`. */
export async function outputOf(
  output: OutputName,
  { given, option, stage }: { given: string | undefined; option: string; stage: string | undefined },
): Promise<string> {
  if (given && stage) throw new UsageError([`--stage does not go with ${option}`]);
  if (given) return given;
  const name = stackName(stage);
  const value = (await describeStack(name))?.outputs.get(output);
  if (value) return value;
  throw new Failed([
    `There is no deployed stack ${name} with the output ${output} in this account and region.`,
    `Deploy first, or give ${option}${stage === undefined ? ' or --stage' : ''}.`,
  ]);
}
