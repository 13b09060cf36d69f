import { randomUUID } from 'node:crypto';
import { isRecipient, RECIPIENT_RULE } from '../../../lib/studio/addresses.ts';
import { type Api, ApiProblem, ApiUnreachable, createApi } from '../api.ts';
import { type Options, readArguments, UsageError, urlOption } from '../arguments.ts';
import { lasting, many } from '../format.ts';
import { type Io, interruptible, paint, type Style, say } from '../io.ts';
import { isLocal, targetOf, urlOf } from '../target.ts';
import { Failed, type Tool } from '../tool.ts';
import { type Job, pathOf, type Step, steps, Unexpected } from './steps.ts';

const LOCAL_FLOW = 'welcome';
const LOCAL_CONTACT = '+12025550199';

const options = {
  flow: { flags: '--flow <alias>', help: 'the test flow: one execution of it is really started' },
  to: {
    flags: '--to <address>',
    help: 'the contact: whatever the flow sends goes there',
    check: (value) => (isRecipient(value) ? null : RECIPIENT_RULE),
  },
  url: urlOption,
} as const satisfies Options;

/** Tests a deployment, or the local run, with one execution of a test flow. */
export const smokeTool: Tool = {
  name: 'smoke',
  usage: '--url https://… --flow test --to +12025550123',
  about: "Does the README's jobs against an API, on one execution of a test flow.",
  options,
  notes: `
The token comes from STUDIO_API_TOKEN, or is asked for; it needs trigger, read,
end and purge, and read:personal to read the context.
A local run needs neither --flow nor --to. Where infra/config.ts sets iam, API
Gateway asks for signatures of AWS, which smoke has none of: nothing is started.
Ends with 0 when every step passed, 1 when one failed, 2 when asked wrongly.`,
  async run(argv, io) {
    const { values } = readArguments(argv, options);
    const local = isLocal(urlOf(values.url, io));
    const flow = values.flow ?? (local ? LOCAL_FLOW : '');
    const to = values.to ?? (local ? LOCAL_CONTACT : '');
    const missing = [
      flow === '' && '--flow is missing: one execution of it is really started',
      to === '' && '--to is missing: whatever the flow sends goes there',
    ].filter((mistake) => mistake !== false);
    if (missing.length > 0) throw new UsageError(missing);
    const api = createApi(await targetOf(values.url, io), io);
    say(io, `  ${api.url}`, `  flow ${flow}, contact ${to}`, '');
    return (await smoke(api, io, { flow, to, key: `smoke-${randomUUID()}` })) ? 0 : 1;
  },
};

const NAME_WIDTH = 10;
const TEXT_WIDTH = 54;
const TIME_WIDTH = 9;

type Mark = 'passed' | 'failed' | 'skipped';
const marks: Record<Mark, [string, Style]> = {
  passed: ['✓', 'green'],
  failed: ['✗', 'red'],
  skipped: ['–', 'dim'],
};

type SmokeOptions = { flow: string; to: string; key: string };

/** Runs and reports the steps, and deletes the execution it started. Returns whether no step failed. */
function smoke(api: Api, io: Io, options: SmokeOptions): Promise<boolean> {
  return interruptible(io, async (signal) => {
    const job: Job = { ...options, api, io, sid: null, startedMs: io.now(), signal };
    const seen: Record<Mark, number> = { passed: 0, failed: 0, skipped: 0 };
    const report = (mark: Mark, name: string, text: string, ms?: number) => {
      seen[mark] += 1;
      const [sign, style] = marks[mark];
      const time = ms === undefined ? '' : `${Math.round(ms)} ms`.padStart(TIME_WIDTH);
      const line = `${name.padEnd(NAME_WIDTH)} ${text.padEnd(TEXT_WIDTH)}${time}`;
      say(io, `  ${paint(io, style, sign)} ${line}`.trimEnd());
    };
    try {
      for (const step of steps) if (!(await take(step, job, report))) break;
    } finally {
      if (job.sid !== null) await cleanUp(job, report);
    }
    if (signal.aborted) say(io, '', '  Interrupted.');
    const summary =
      seen.failed > 0 ? `${many(seen.failed, 'step')} failed` : `${many(seen.passed, 'step')} passed`;
    const took = lasting(io.now() - job.startedMs);
    say(io, '', `  ${paint(io, seen.failed > 0 ? 'red' : 'green', summary)} in ${took}`);
    return seen.failed === 0 && !signal.aborted;
  });
}

type Report = (mark: Mark, name: string, text: string, ms?: number) => void;

/** Runs and reports one step. Returns false if the remaining steps must not run. */
async function take(step: Step, job: Job, report: Report): Promise<boolean> {
  const { name, isGround = false, needsExecution, scope, run } = step;
  const { io, signal } = job;
  if (signal.aborted) return false;
  if (needsExecution && job.sid === null) {
    report('skipped', name, 'there is no execution');
    return true;
  }
  const fromMs = io.now();
  try {
    report('passed', name, await run(job), io.now() - fromMs);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    const isOutOfScope = scope && error instanceof ApiProblem && error.slug === 'forbidden';
    if (isOutOfScope) report('skipped', name, `the token has not the scope ${scope}`);
    else report('failed', name, reasonOf(error), io.now() - fromMs);
    // The trigger may have created an execution although its answer was lost.
    if (name === 'trigger' && !(error instanceof ApiProblem && error.status < 500))
      report('failed', 'clean-up', `look for an execution of ${job.to}`);
    if (error instanceof ApiUnreachable && error.mistake !== null) say(io, `    ${error.mistake}`);
    return !isGround;
  }
}

async function cleanUp(job: Job, report: Report): Promise<void> {
  try {
    await job.api.insist('DELETE', `${pathOf(job)}?end=true`);
    report('passed', 'clean-up', `${job.sid} is gone`);
  } catch (error) {
    report('failed', 'clean-up', `${job.sid} is left: ${reasonOf(error)}`);
  }
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
