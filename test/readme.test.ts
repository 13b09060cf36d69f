import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveTool } from '../infra/cli/archive/archive.ts';
import { config } from '../infra/config.ts';
import { type Local, startLocal } from '../infra/local/local.ts';
import { seedExamples } from '../infra/local/seed.ts';
import { checkConfig } from '../lib/config/configuration.ts';
import { somebody } from './support/cli/terminal.ts';

/** The README's `curl`s, in their order, against what `npm start` starts, beside the answers printed there. */

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```sh\n(curl [^`]*)```\s+```json\n([^`]*)```/g)].map(
  ([, command = '', answer = '']) => ({ command, answer }),
);

let local: Local;
beforeAll(async () => {
  const checked = checkConfig(config);
  local = await startLocal({ config: checked });
  if (local.studio) seedExamples(local.studio, checked, Date.now());
});
afterAll(() => local.close());

/** The words of a shell command without variables: quotes, and a backslash at a line's end. */
function words(command: string): string[] {
  const tokens = command.replaceAll('\\\n', ' ').matchAll(/'([^']*)'|(\S+)/g);
  return [...tokens].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

async function run(command: string): Promise<unknown> {
  const [, ...args] = words(command);
  const headers = new Headers();
  let method: string | undefined;
  let body: string | undefined;
  let address = '';
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '-s') continue;
    if (word === '-X') method = args[++at];
    else if (word === '-d') body = args[++at];
    else if (word === '-H') headers.set(...header(args[++at] ?? ''));
    else address = word;
  }
  const url = address.replace('127.0.0.1:3000', local.url);
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return response.json();
}

function header(text: string): [string, string] {
  const [name = '', value = ''] = text.split(/:\s*(.*)/);
  return [name, value];
}

/** What may differ from run to run becomes its kind; everything else, order included, stays as it is. */
function alike(json: unknown): string {
  return JSON.stringify(json, (key, value) => {
    if (key === 'instance') return typeof value;
    if (typeof value === 'number') return key === 'status' || value === 0 ? value : 'number';
    if (typeof value !== 'string') return value;
    return value
      .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'http://address')
      .replace(/\b(FN|FC|RQ)[0-9a-f]{32}\b/g, '$1…')
      .replace(/\bpu[0-9a-z]{26}\b/g, 'pu…')
      .replace(/\b(?!0{64})[0-9a-f]{64}\b/g, 'sha256')
      .replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/, 'time');
  });
}

describe('the README', () => {
  it('shows every job', () => {
    expect(examples.length).toBeGreaterThanOrEqual(8);
  });

  it.each(examples)('answers what it says: $command', async ({ command, answer }) => {
    const expected = alike(JSON.parse(answer));
    // A purge works on in the background: its record is looked at until it is through.
    if (command.includes('/purges?'))
      await expect.poll(async () => alike(await run(command)), { timeout: 10_000 }).toBe(expected);
    else expect(alike(await run(command))).toBe(expected);
  });

  it('reads the archive of the purge that it shows', async () => {
    const [, command = ''] = /^npm run --silent archive -- (read --url \S+)$/m.exec(readme) ?? [];
    const who = somebody({ interactive: false });
    const argv = command.replace('http://127.0.0.1:3000', local.url).split(' ');
    expect(await who.run(archiveTool, ...argv)).toBe(0);
    expect(who.complained()).toMatch(/^ {2}\d+ executions in/);
    expect(who.said()).toMatch(/^{"execution":{"sid":"FN/);
  });
});
