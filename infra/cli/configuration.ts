import type { Config } from '../../lib/config.ts';
import { config, deployment } from '../config.ts';
import { checkInfraConfig, InfraConfigError } from '../constructs/checked.ts';
import { Failed } from './tool.ts';

/** What infra/config.ts says of this stage. Throws a Failed with every mistake. */
export function configurationOf(stage: string | undefined): Config {
  try {
    return checkInfraConfig({ config, deployment }, stage).config;
  } catch (error) {
    if (!(error instanceof InfraConfigError)) throw error;
    throw new Failed(['infra/config.ts has mistakes:', ...error.mistakes.map((mistake) => `  ${mistake}`)]);
  }
}
