import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Runs the CDK's command line on this terminal and returns its exit code. */
export type Cdk = (args: readonly string[]) => Promise<number>;

const infra = fileURLToPath(new URL('../..', import.meta.url));
const binaries = fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url));

export const runCdk: Cdk = (args) =>
  runScript(createRequire(import.meta.url).resolve('aws-cdk/bin/cdk'), args);

/** Runs a Node script as `runCdk` runs the CDK's. */
export async function runScript(script: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: infra,
    stdio: 'inherit',
    // The CDK runs the app with the first `node` on the path, which must be this repository's.
    env: { ...process.env, PATH: [binaries, process.env['PATH']].filter(Boolean).join(delimiter) },
  });
  // Ctrl-C reaches the CDK too. It exits, and this process reports it.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    const [code]: unknown[] = await once(child, 'exit');
    return typeof code === 'number' ? code : 1;
  } finally {
    process.off('SIGINT', ignore);
  }
}
