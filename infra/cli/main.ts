import { Command } from 'commander';
import { processIo } from './io.ts';
import { type ExitCode, runTool, type Tool } from './tool.ts';

/** `studio-executions <command>`: the npm scripts of the same names run this. */

const commands: Record<string, { summary: string; load(): Promise<Tool> }> = {
  deploy: {
    summary: 'put the stack into your AWS account',
    load: async () => (await import('./deploy/deploy.ts')).deployTool,
  },
  secret: {
    summary: "fill in Twilio's credentials, and who may call the API",
    load: async () => (await import('./secret/secret.ts')).secretTool,
  },
  smoke: {
    summary: 'do every job once against an API',
    load: async () => (await import('./smoke/smoke.ts')).smokeTool,
  },
  purge: {
    summary: 'delete executions: dry run, question, progress',
    load: async () => (await import('./purge/purge.ts')).purgeTool,
  },
  archive: {
    summary: 'print what was archived before it was deleted',
    load: async () => (await import('./archive/archive.ts')).archiveTool,
  },
};

async function run([name = '--help', ...argv]: string[]): Promise<ExitCode> {
  const io = processIo();
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return runTool(await command.load(), argv, io);
  const isHelp = ['--help', '-h', 'help'].includes(name);
  if (isHelp) program().outputHelp();
  else io.err.write(`  ${name} is no command: ${Object.keys(commands).join(', ')}\n`);
  return isHelp ? 0 : 2;
}

function program(): Command {
  const all = new Command('studio-executions').usage('<command> [options]').helpCommand(false);
  for (const [name, { summary }] of Object.entries(commands)) all.command(name).description(summary);
  return all.addHelpText('after', '\nEach command explains itself: studio-executions purge --help');
}

process.exitCode = await run(process.argv.slice(2));
// An input that has not ended must not keep the process alive.
process.stdin.unref?.();
