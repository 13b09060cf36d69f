/** The names that a stage may have. They are part of the stack's name. */
export const STAGE_NAME = /^[a-z][a-z0-9]{0,15}$/;
export const NO_STAGE_NAME = 'must be 1 to 16 lower-case letters and digits, a letter first';

/** Returns the name of a stage's stack (undefined: the stack without a stage). */
export function stackName(stage: string | undefined): string {
  return stage === undefined ? 'StudioExecutions' : `StudioExecutions-${stage}`;
}
