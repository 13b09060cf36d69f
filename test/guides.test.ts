import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { config } from '../infra/config.ts';
import { type Local, startLocal } from '../infra/local/local.ts';
import { seedExamples } from '../infra/local/seed.ts';
import { checkConfig } from '../lib/config/configuration.ts';

/** The README's guides as a new user follows them: its commands and scripts, as they stand, against `npm start`. */

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** The blocks of this language in one guide. */
function blocks(guide: string, language: string): string[] {
  const text = readme.split(`### ${guide}\n`)[1]?.split(/\n##+ /)[0] ?? '';
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^\`]*)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );
}

let local: Local;
beforeAll(async () => {
  // What the guide for Twilio's webhooks says to put there.
  const checked = checkConfig({ ...config, twilioWebhooks: { scopes: ['trigger'] } });
  local = await startLocal({ config: checked });
  if (local.studio) seedExamples(local.studio, checked, Date.now());
});
afterAll(() => local.close());

type Ran = { code: unknown; out: string };

/** Runs a program in this folder, with the address of the local run where the README has one. */
function run(file: string, args: string[], { input = '', env = {} } = {}): Promise<Ran> {
  const address = (text: string) =>
    text
      .replaceAll(/https:\/\/…|http:\/\/127\.0\.0\.1:3000/g, local.url)
      .replaceAll('127.0.0.1:3000', local.url);
  const child = spawn(file, args.map(address), { cwd: root, env: { ...process.env, ...env } });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out += String(chunk)));
  child.stdin.end(address(input));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out })));
}

const shell = (command: string) =>
  run('sh', ['-c', command.replace('curl ', 'curl -s -w "%{http_code}" ')], {
    env: { TOKEN: 'local-admin' },
  });
const script = (code: string) => run(process.execPath, ['--input-type=module'], { input: code });

describe('the guide to webhooks', () => {
  const guide = 'Wiring a webhook';
  const senders = blocks(guide, 'js').map((code) => ({ name: /from '(\w+)'/.exec(code)?.[1], code }));

  it('shows a curl, a sender of Standard Webhooks and one that signs as Twilio does', () => {
    expect(blocks(guide, 'sh')).toHaveLength(1);
    expect(senders.map(({ name }) => name)).toEqual(['standardwebhooks', 'twilio']);
  });

  it('triggers by curl, once for the key', async () => {
    const [command = ''] = blocks(guide, 'sh');
    const [first, second] = [await shell(command), await shell(command)];
    expect(first).toEqual({ code: 0, out: expect.stringMatching(/"outcome":"created".*201$/s) });
    // The same answer, from the record.
    expect(second).toEqual(first);
  });

  it.each(senders)('triggers by $name, once for the key', async ({ code }) => {
    const first = await script(code);
    expect(first).toEqual({ code: 0, out: expect.stringMatching(/^201 \{"outcome":"created"/) });
    expect((await script(code)).out).toBe(first.out);
  });

  it.each(senders)('is refused when somebody else signs with $name', async ({ code }) => {
    const forged = code
      .replace(/whsec_\w+=/, `whsec_${Buffer.from('some other secret, as long').toString('base64')}`)
      .replace('local-auth-token', 'another-token');
    expect(forged).not.toBe(code);
    expect((await script(forged)).out).toMatch(/^401 /);
  });
});

describe('the guide to erasing one contact', () => {
  const [command = ''] = blocks('Erasing one contact', 'sh');
  const args = /^npm run purge -- (.*)\n$/.exec(command)?.[1]?.split(' ') ?? [];
  const contact = args[args.indexOf('--contact') + 1] ?? '';

  it('deletes what there is of it, active or not, and prints the id of the record', async () => {
    const headers = { authorization: 'Bearer local-admin', 'content-type': 'application/json' };
    const address = `${local.url}/flows/support/executions`;
    const body = JSON.stringify({ to: contact });
    expect((await fetch(address, { method: 'POST', headers, body })).status).toBe(201);

    const env = { STUDIO_API_URL: local.url, STUDIO_API_TOKEN: 'local-admin' };
    const { code, out } = await run(process.execPath, ['infra/cli/main.ts', 'purge', ...args, '--yes'], {
      env,
    });
    expect(out).toMatch(/pu[0-9a-z]{26}/);
    expect(code).toBe(0);
    const left = await fetch(`${local.url}/executions?contact=${encodeURIComponent(contact)}`, { headers });
    expect(await left.json()).toEqual({ executions: [], nextCursor: null });
  });
});
