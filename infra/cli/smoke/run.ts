import { type Api, ApiProblem, ApiUnreachable } from '../api.ts';
import { lasting, many } from '../format.ts';
import { type Io, paint, type Style, say } from '../io.ts';
import { Failed } from '../tool.ts';
import { Unexpected } from './answers.ts';
import { type Job, steps } from './steps.ts';

const NAME_WIDTH = 10;
const TEXT_WIDTH = 54;
const TIME_WIDTH = 9;

type Mark = 'passed' | 'failed' | 'skipped';
const marks: Record<Mark, [string, Style]> = {
  passed: ['✓', 'green'],
  failed: ['✗', 'red'],
  skipped: ['–', 'dim'],
};

export type SmokeOptions = { flow: string; to: string; key: string };

/** Does every step that can be done, tells of each, and takes away what it made. Says whether all passed. */
export async function smoke(api: Api, io: Io, options: SmokeOptions): Promise<boolean> {
  const interrupted = new AbortController();
  const quiet = io.onInterrupt(() => interrupted.abort());
  const made: Job['made'] = { sid: null };
  const job: Job = { ...options, api, io, made, startedMs: io.now(), signal: interrupted.signal };
  const seen: Record<Mark, number> = { passed: 0, failed: 0, skipped: 0 };
  const tell = (mark: Mark, name: string, text: string, ms?: number) => {
    seen[mark] += 1;
    const [sign, style] = marks[mark];
    const time = ms === undefined ? '' : `${Math.round(ms)} ms`.padStart(TIME_WIDTH);
    say(
      io,
      `  ${paint(io, style, sign)} ${name.padEnd(NAME_WIDTH)} ${text.padEnd(TEXT_WIDTH)}${time}`.trimEnd(),
    );
  };

  try {
    for (const { name, isGround, needsExecution, scope, run } of steps) {
      if (interrupted.signal.aborted) break;
      if (needsExecution && made.sid === null) {
        tell('skipped', name, 'there is no execution');
        continue;
      }
      const fromMs = io.now();
      const path = `/flows/${encodeURIComponent(job.flow)}/executions/${made.sid}`;
      try {
        tell('passed', name, await run(job, path), io.now() - fromMs);
      } catch (error) {
        if (interrupted.signal.aborted) break;
        const isOutOfScope = scope && error instanceof ApiProblem && error.slug === 'forbidden';
        if (isOutOfScope) tell('skipped', name, `the token has not the scope ${scope}`);
        else tell('failed', name, reasonOf(error), io.now() - fromMs);
        if (name === 'trigger' && mayHaveStarted(error))
          tell('failed', 'clean-up', `look for an execution of ${job.to}`);
        if (error instanceof ApiUnreachable && error.mistake !== null) say(io, `    ${error.mistake}`);
        if (isGround) break;
      }
    }
  } finally {
    if (made.sid !== null) await cleanUp(made.sid);
    quiet();
  }

  const took = lasting(io.now() - job.startedMs);
  if (interrupted.signal.aborted) say(io, '', '  Broken off.');
  const summary =
    seen.failed > 0 ? `${many(seen.failed, 'step')} failed` : `${many(seen.passed, 'step')} passed`;
  say(io, '', `  ${paint(io, seen.failed > 0 ? 'red' : 'green', summary)} in ${took}`);
  return seen.failed === 0 && !interrupted.signal.aborted;

  async function cleanUp(sid: string): Promise<void> {
    const path = `/flows/${encodeURIComponent(job.flow)}/executions/${sid}?end=true`;
    try {
      await api.insist('DELETE', path);
      tell('passed', 'clean-up', `${sid} is gone`);
    } catch (error) {
      tell('failed', 'clean-up', `${sid} is left: ${reasonOf(error)}`);
    }
  }
}

/** Whether a trigger that failed may have made an execution that nobody knows of. */
function mayHaveStarted(error: unknown): boolean {
  return !(error instanceof ApiProblem) || error.status >= 500;
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiProblem) {
    const mistakes = error.errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
    return [error.status, error.slug, mistakes].filter(Boolean).join(' ');
  }
  if (error instanceof ApiUnreachable || error instanceof Unexpected || error instanceof Failed)
    return error.message;
  throw error;
}
