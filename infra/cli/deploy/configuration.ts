import type { Config } from '../../../lib/config/configuration.ts';
import { config, deployment } from '../../config.ts';
import { type Checked, checkInfraConfig, InfraConfigError } from '../../constructs/checked.ts';
import { Failed } from '../tool.ts';

/** What the functions know at this stage. Throws a Failed with every mistake of infra/config.ts. */
export function configurationOf(stage: string | undefined): Config {
  return checkedOf(stage).config;
}

/** Both halves of infra/config.ts at this stage. Throws likewise. */
export function checkedOf(stage: string | undefined): Checked {
  try {
    return checkInfraConfig({ config, deployment }, stage);
  } catch (error) {
    if (!(error instanceof InfraConfigError)) throw error;
    throw new Failed(['infra/config.ts has mistakes:', ...error.mistakes.map((mistake) => `  ${mistake}`)]);
  }
}
