import { parseArgs } from 'node:util';
import { whenOrphaned } from './orphan.ts';
import { startSimulatedStudio } from './server.ts';

/** Runs the simulated Studio alone, until Ctrl-C. */
const HELP = `Starts a simulated Twilio Studio on 127.0.0.1. Ctrl-C stops it.

  --port 4010         0 takes a free port. Default: PORT from the environment, or 4010
  --executions 500    executions to begin with, one in ten active. Default: 0`;

/** What npm calls a command of `npm exec`. */
const NPM_EXEC = 'npx';
const FLOW = `FW${'a'.repeat(32)}`;

async function run(port: number, executions: number): Promise<void> {
  const studio = await startSimulatedStudio({ port });
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
}

function wholeNumber(flag: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${flag} must be a whole number, such as 500`);
  return Number(text);
}

try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: process.env['PORT'] ?? '4010' },
      executions: { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(HELP);
  else await run(wholeNumber('--port', values.port), wholeNumber('--executions', values.executions));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
