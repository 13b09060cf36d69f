import { type Config, ConfigError, checkConfig, findFlow } from '../../lib/config/configuration.ts';
import { type Mistake, validate } from '../../lib/config/validation.ts';
import { deploymentSchema, type Settings, settingsSchema } from './deployment-settings.ts';

/** Lambda's limit is 4 KB for all environment variables; the others need the rest. */
const MAX_CONFIG_BYTES = 3_000;

/** Both halves of `infra/config.ts`, checked, with their defaults. */
export type Checked = { config: Config; settings: Settings };

/** Mistakes in the configuration, a line each. The lines do not repeat values. */
export class InfraConfigError extends Error {
  override readonly name = 'InfraConfigError';
  readonly mistakes: string[];

  constructor(mistakes: string[]) {
    super(mistakes.join('\n'));
    this.mistakes = mistakes;
  }
}

/** Checks the props of a construct. Throws an InfraConfigError with every mistake of both halves. */
export function checkParts(config: unknown, settings: unknown): Checked {
  const mistakes: string[] = [];
  const checked = checkBoth({ config, settings }, { config: 'config', settings: 'settings' }, mistakes);
  if (!checked || mistakes.length > 0) throw new InfraConfigError(mistakes);
  return checked;
}

/**
 * Checks `infra/config.ts` with all its stages and returns one stage (undefined: the stack without a stage).
 * Throws an InfraConfigError with every mistake.
 */
export function checkInfraConfig(
  input: { config: unknown; deployment: unknown },
  stage: string | undefined,
): Checked {
  const mistakes: string[] = [];
  const config = configOf(input.config, mistakes, 'config');
  const deployment = validate(deploymentSchema, input.deployment);
  if (!deployment.ok) mistakes.push(...lines('deployment', deployment.mistakes));
  if (!config || !deployment.ok) throw new InfraConfigError(mistakes);

  const { stages, ...settings } = deployment.value;
  mistakes.push(...flowMistakes('deployment', config, settings));
  if (stage !== undefined && !Object.hasOwn(stages, stage))
    mistakes.push(`deployment #/stages has no stage ${JSON.stringify(stage)}, which -c stage asks for`);
  let chosen: Checked | undefined = stage === undefined ? { config, settings } : undefined;
  for (const [name, { config: changes, ...overrides }] of Object.entries(stages)) {
    const checked = checkBoth(
      { config: { ...config, ...changes }, settings: { ...settings, ...overrides } },
      { config: `the config of stage ${name}`, settings: `deployment #/stages/${name}` },
      mistakes,
    );
    if (name === stage) chosen = checked;
  }
  if (mistakes.length > 0 || !chosen) throw new InfraConfigError(mistakes);
  return chosen;
}

/** Adds the mistakes of each half under its title. */
function checkBoth(
  input: { config: unknown; settings: unknown },
  title: { config: string; settings: string },
  mistakes: string[],
): Checked | undefined {
  const config = configOf(input.config, mistakes, title.config);
  const settings = validate(settingsSchema, input.settings);
  if (!settings.ok) mistakes.push(...lines(title.settings, settings.mistakes));
  if (!config || !settings.ok) return undefined;
  mistakes.push(...flowMistakes(title.settings, config, settings.value));
  return { config, settings: settings.value };
}

function configOf(input: unknown, mistakes: string[], where: string): Config | undefined {
  try {
    const config = checkConfig(input);
    const bytes = Buffer.byteLength(JSON.stringify(config));
    if (bytes <= MAX_CONFIG_BYTES) return config;
    mistakes.push(`${where} # is ${bytes} bytes of JSON; a function has room for ${MAX_CONFIG_BYTES}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    mistakes.push(...lines(where, error.mistakes));
  }
  return undefined;
}

/** Returns a mistake for each flow of IAM callers that is not configured. */
function flowMistakes(where: string, config: Config, { iam }: Pick<Settings, 'iam'>): string[] {
  return (iam?.flows ?? []).flatMap((flow, index) =>
    findFlow(config, flow) ? [] : [`${where} #/iam/flows/${index} is not a configured flow`],
  );
}

function lines(where: string, mistakes: Mistake[]): string[] {
  return mistakes.map(({ pointer, detail }) => `${where} ${pointer} ${detail}`);
}
