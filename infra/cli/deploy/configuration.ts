import { config, deployment } from '../../config.ts';
import { type Checked, checkInfraConfig, InfraConfigError } from '../../constructs/checked.ts';
import { Failed } from '../tool.ts';

/** Both halves of infra/config.ts at this stage. Throws a Failed with every mistake in them. */
export function checkedOf(stage: string | undefined): Checked {
  try {
    return checkInfraConfig({ config, deployment }, stage);
  } catch (error) {
    if (!(error instanceof InfraConfigError)) throw error;
    throw new Failed(['infra/config.ts has mistakes:', ...error.mistakes.map((mistake) => `  ${mistake}`)]);
  }
}
