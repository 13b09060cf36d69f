import { Command, InvalidArgumentError, Option } from 'commander';
import { whenOrphaned } from './orphan.ts';
import { startSimulatedStudio } from './server.ts';

/** What npm calls a command of `npm exec`. */
const NPM_EXEC = 'npx';
const FLOW = `FW${'a'.repeat(32)}`;
const MAX_PORT = 65_535;
const MAX_EXECUTIONS = 10_000_000;
const USAGE_MISTAKE = 2;

/** Runs the simulated Studio alone, until Ctrl-C. */
const { port, executions } = new Command('node infra/simulator/start.ts')
  .description('Starts a simulated Twilio Studio on 127.0.0.1. Ctrl-C stops it.')
  .addOption(
    new Option('--port <number>', 'where it listens; 0 takes a free port')
      .env('PORT')
      .default(4010)
      .argParser(wholeNumber(MAX_PORT)),
  )
  .addOption(
    new Option('--executions <number>', 'executions to begin with, one in ten active')
      .default(0)
      .argParser(wholeNumber(MAX_EXECUTIONS)),
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_MISTAKE))
  .parse()
  .opts<{ port: number; executions: number }>();

const studio = await startSimulatedStudio({ port }).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'EADDRINUSE') throw error;
  console.error(`Port ${port} is in use. Choose another with --port, or 0 for a free one.`);
  process.exit(1);
});
studio.store.seed({ flowSid: FLOW, count: executions, activeShare: 0.1 });
console.log(`The simulated Studio: ${studio.url}
  account SID     AC${'a'.repeat(32)}
  API key         SK${'a'.repeat(32)}
  secret          local
  flow            ${FLOW}
  administration  ${studio.url}/__simulator/state`);

const stop = () => void studio.close();
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
if (process.env['npm_lifecycle_event'] === NPM_EXEC) whenOrphaned(stop);

function wholeNumber(max: number) {
  return (text: string): number => {
    if (/^\d+$/.test(text) && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${max}.`);
  };
}
