import { type Config, ConfigError, checkConfig, findFlow } from '../../lib/config/configuration.ts';
import { type Mistake, validate } from '../../lib/config/validation.ts';
import { deploymentSchema, type Settings, settingsSchema } from './deployment-settings.ts';

/** Lambda takes 4 KB of environment in all; the other variables need the rest. */
const MAX_CONFIG_BYTES = 3_000;

/** What the constructs read: both halves of `infra/config.ts`, checked, with their defaults filled in. */
export type Checked = { config: Config; settings: Settings };

/** What was configured has mistakes: one line each, and none repeats a value. */
export class InfraConfigError extends Error {
  override readonly name = 'InfraConfigError';
  readonly mistakes: string[];

  constructor(mistakes: string[]) {
    super(mistakes.join('\n'));
    this.mistakes = mistakes;
  }
}

/** Checks what a construct was given. Throws an InfraConfigError with every mistake of both halves. */
export function checkParts(config: unknown, settings: unknown): Checked {
  const mistakes: string[] = [];
  const checkedConfig = configOf(config, mistakes, 'config');
  const checkedSettings = validate(settingsSchema, settings);
  if (!checkedSettings.ok) mistakes.push(...lines('settings', checkedSettings.mistakes));
  if (!checkedConfig || !checkedSettings.ok) throw new InfraConfigError(mistakes);
  mistakes.push(...flowMistakes('settings', checkedConfig, checkedSettings.value));
  if (mistakes.length > 0) throw new InfraConfigError(mistakes);
  return { config: checkedConfig, settings: checkedSettings.value };
}

/**
 * Checks `infra/config.ts` and picks one stage of it (undefined: the stack that belongs to none). Every stage
 * is checked, whichever is deployed. Throws an InfraConfigError with every mistake.
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
  const choices = new Map<string | undefined, Checked>([[undefined, { config, settings }]]);
  for (const [name, { config: changes, ...overrides }] of Object.entries(stages)) {
    const staged = configOf({ ...config, ...changes }, mistakes, `the config of stage ${name}`);
    const checked = validate(settingsSchema, { ...settings, ...overrides });
    if (!staged || !checked.ok) continue;
    mistakes.push(...flowMistakes(`deployment #/stages/${name}`, staged, checked.value));
    choices.set(name, { config: staged, settings: checked.value });
  }
  if (stage !== undefined && !Object.hasOwn(stages, stage))
    mistakes.push(`deployment #/stages has no stage ${JSON.stringify(stage)}, which -c stage asks for`);
  const chosen = choices.get(stage);
  if (mistakes.length > 0 || !chosen) throw new InfraConfigError(mistakes);
  return chosen;
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

/** Finds flows of IAM callers, in the settings, that are not configured, in the config. */
function flowMistakes(where: string, config: Config, { iam }: Pick<Settings, 'iam'>): string[] {
  return (iam?.flows ?? []).flatMap((flow, index) =>
    findFlow(config, flow) ? [] : [`${where} #/iam/flows/${index} is not a configured flow`],
  );
}

function lines(where: string, mistakes: Mistake[]): string[] {
  return mistakes.map(({ pointer, detail }) => `${where} ${pointer} ${detail}`);
}
