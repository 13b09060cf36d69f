/** What a stage may be called: its name is part of its stack's. */
export const STAGE_NAME = /^[a-z][a-z0-9]{0,15}$/;
export const NO_STAGE_NAME = 'must be 1 to 16 lower-case letters and digits, a letter first';

/** The stack of a stage, or (undefined) the one that belongs to none. */
export function stackName(stage: string | undefined): string {
  return stage === undefined ? 'StudioExecutions' : `StudioExecutions-${stage}`;
}
