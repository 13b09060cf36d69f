import { styleText } from 'node:util';
import { Command } from 'commander';
import { config as fileConfig } from '../config.ts';
import { whenOrphaned } from '../simulator/orphan.ts';
import { realClock } from './clock.ts';
import { SERVICES } from './endpoints.ts';
import { buildWhenNeeded } from './fresh-build.ts';
import type { Answered } from './gateway/gateway.ts';
import { openLogs } from './host/logs.ts';
import { type Local, type LocalOptions, startLocal } from './local.ts';
import { UnfitError } from './provision.ts';
import { seedExamples } from './seed.ts';
import { readSettings, type Settings } from './settings.ts';
import { type BannerFacts, banner } from './terminal/banner.ts';
import { canReadKeys, readKeys } from './terminal/keys.ts';
import { censusLine, requestLine } from './terminal/log-lines.ts';
import { createPurgeProgress, PROGRESS_USER_AGENT, type PurgeProgress } from './terminal/purge-progress.ts';
import { createTerminal } from './terminal/terminal.ts';

const LOGS = '.build/logs';

const { verbose } = new Command('npm start --')
  .description('Runs the whole system on this machine, until Ctrl-C.')
  .option('--verbose', "show the functions' logs too")
  .parse()
  .opts<{ verbose?: true }>();
const terminal = createTerminal(process.stdout);

const read = readSettings(process.env, fileConfig);
if (read.ok) await run(read.settings);
else fail(read.mistakes);

async function run(settings: Settings): Promise<void> {
  try {
    if (await buildWhenNeeded()) terminal.line(styleText('dim', 'built the functions in .build/functions'));
  } catch (error) {
    // The bundler has printed what is wrong with which file.
    if (!(error instanceof Error && 'errors' in error)) throw error;
    fail(['The functions could not be built.']);
    return;
  }
  const logs = await openLogs(LOGS);
  let progress: PurgeProgress | undefined;

  const onAnswer = (answered: Answered) => {
    if (answered.userAgent === PROGRESS_USER_AGENT) return;
    terminal.line(requestLine(answered, Date.now()));
    if (answered.function === 'purge' && answered.method === 'POST' && answered.status < 300)
      progress?.watch();
  };
  const local = await start(settings, {
    onAnswer,
    onNotice: (notice) => terminal.line(notice),
    onSchedule() {
      terminal.line('  the schedule has fired');
      progress?.watch();
    },
    onLog(line) {
      logs.write(line);
      const counted = line.function === 'cleanup' ? censusLine(line.line) : null;
      if (counted !== null) terminal.line(counted);
      if (verbose) terminal.line(`${styleText('dim', `${line.function} |`)} ${line.line}`);
    },
  });
  if (!local) return;
  progress = createPurgeProgress({ url: local.url, terminal, clock: realClock });

  const facts = factsOf(local, settings);
  const firing = (what: string, fire: () => Promise<unknown>) => () =>
    fire().catch((error: unknown) => terminal.line(`  the ${what} could not be fired: ${error}`));
  const census = { c: firing('census', local.fireCensus) };
  // A single key must not purge a real account; counting in it does no harm.
  const keys = !facts.realAccount ? { ...census, s: firing('schedule', local.fireSchedule) } : census;
  untilStopped(facts.keys ? keys : {}, async () => {
    progress.close();
    await local.close();
    await logs.close();
  });
  // Last, since a reader may press Ctrl-C at once.
  terminal.line(banner(facts));
}

async function start(
  settings: Settings,
  hooks: Pick<LocalOptions, 'onAnswer' | 'onNotice' | 'onSchedule' | 'onLog'>,
): Promise<Local | null> {
  const { studio, ...others } = settings;
  try {
    return await startLocal({ ...others, ...(studio && { studio }), ...hooks });
  } catch (error) {
    if (error instanceof UnfitError) {
      fail(error.lines);
      return null;
    }
    if (!(error instanceof Error) || !('code' in error)) throw error;
    const { port } = settings;
    if (error.code === 'EADDRINUSE')
      fail([`Port ${port} is in use. Choose another: PORT=${port + 1} npm start`]);
    else if (error.code === 'EACCES')
      fail([`Port ${port} may not be used by you. Choose another: PORT=3000 npm start`]);
    else throw error;
    return null;
  }
}

function factsOf(local: Local, settings: Settings): BannerFacts {
  const { url, studio, ownSecret, resources } = local;
  const { config } = settings;
  const realAccount = isRealAccount(settings);
  const common = {
    url,
    given: SERVICES.filter((service) => settings.endpoints[service] !== undefined),
    foreignSecret: ownSecret ? null : resources.secretId,
    logs: `${LOGS}/<function>.log`,
    realAccount,
    keys: canReadKeys(process.stdin),
  };
  if (!studio) {
    const where = settings.studio?.baseUrl ?? "Twilio's own, with your account";
    return { ...common, studio: where, faults: null, flow: config.flows[0]?.alias ?? '', activeSid: null };
  }
  const { executions, active, exampleFlow, exampleActiveSid } = seedExamples(studio, config, Date.now());
  const flows = config.flows.map(({ alias }) => alias).join(', ');
  return {
    ...common,
    studio: `simulated: ${executions} executions, ${active} active, of ${flows}`,
    faults: `${studio.url}/__simulator/behaviour`,
    flow: exampleFlow,
    activeSid: exampleActiveSid,
  };
}

function isRealAccount({ studio }: Settings): boolean {
  if (!studio) return false;
  return (
    studio.baseUrl === undefined || /(?:^|\.)twilio\.com$/.test(URL.parse(studio.baseUrl)?.hostname ?? '')
  );
}

/** Runs until a signal or Ctrl-C; a second one does not wait. */
function untilStopped(keys: Record<string, () => Promise<unknown>>, close: () => Promise<void>): void {
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    terminal.line('stopping');
    void close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  if (process.env['npm_lifecycle_event'] === 'start') whenOrphaned(stop);
  if (canReadKeys(process.stdin)) readKeys(process.stdin, keys, stop);
}

function fail(lines: string[]): void {
  for (const line of lines) console.error(line);
  process.exitCode = 1;
}
