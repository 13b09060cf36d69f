import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { smokeTool } from '../../../../infra/cli/smoke/smoke.ts';
import { LOCAL_CALLERS } from '../../../../infra/local/caller-tokens.ts';
import { type Line, type Seen, startProxy } from '../../../support/cli/proxy.ts';
import { type Somebody, somebody } from '../../../support/cli/terminal.ts';
import { startWorld, until, type World } from '../../../support/local/world.ts';
import { onLoopback } from '../../../support/loopback.ts';

/** `npm run smoke` against the built bundles, through a proxy that can lose requests. */

let world: World;
let line: Line;
const CONTACT = '+15005550042';

beforeAll(async () => {
  const frugal = {
    name: 'frugal',
    token: 'frugal-token',
    scopes: ['trigger', 'read', 'end', 'purge'] as const,
  };
  const callers = [...LOCAL_CALLERS, { ...frugal, scopes: [...frugal.scopes] }];
  world = await startWorld({ secret: { callers } });
  line = await startProxy(world.local.url);
});
afterAll(async () => {
  await line.close();
  await world.local.close();
});
beforeEach(() => {
  world.studio.reset();
  line.seen.length = 0;
  line.fate = () => 'pass';
});
afterEach(() => expect(world.mistakes.splice(0)).toEqual([]));

const smoke = (who: Somebody, ...argv: string[]) =>
  who.run(smokeTool, '--url', line.url, '--flow', 'welcome', '--to', CONTACT, ...argv);
/** `✓ health`, one line a step. */
const marks = (who: Somebody) =>
  [...who.said().matchAll(/^ {2}([✓✗–]) (\S+)/gm)].map(([, sign, name]) => `${sign} ${name}`);
const isEnd = ({ path }: Seen) => path.endsWith('/end');
const broken = { status: 500, body: '{"type":"/problems/internal","title":"Something went wrong here"}' };
const plain = (options = {}) => somebody({ isTTY: false, ...options });

const PASSED = ['health', 'strangers', 'trigger', 'repeat', 'find', 'context', 'end', 'delete', 'purge'];

test('every job passes, and nothing is left', async () => {
  const who = plain();
  expect(await smoke(who)).toBe(0);
  expect(marks(who)).toEqual(PASSED.map((name) => `✓ ${name}`));
  expect(who.said()).toContain('9 steps passed');
  expect(world.studio.store.count()).toEqual({ active: 0, ended: 0, deleted: 1 });
  expect(world.studio.store.deletedWhileActive).toBe(0);
});

test('a local run needs neither flow nor contact', async () => {
  expect(await plain().run(smokeTool, '--url', line.url)).toBe(0);
});

test('a step that the token has no scope for is left out', async () => {
  const who = plain({ env: { STUDIO_API_TOKEN: 'frugal-token' } });
  expect(await smoke(who)).toBe(0);
  expect(marks(who)).toContain('– context');
  expect(who.said()).toContain('the token has not the scope read:personal');
});

test('lines fit into 80 columns', async () => {
  const who = plain();
  await smoke(who);
  expect(
    Math.max(
      ...who
        .said()
        .split('\n')
        .map((text) => text.length),
    ),
  ).toBeLessThanOrEqual(80);
});

describe('a step that fails', () => {
  test('does not keep the others from being tried, and what was made is taken away', async () => {
    line.fate = (seen) =>
      isEnd(seen) || (seen.method === 'DELETE' && !seen.path.includes('?end')) ? broken : 'pass';
    const who = plain();
    expect(await smoke(who)).toBe(1);
    expect(marks(who)).toEqual([
      ...PASSED.slice(0, 6).map((name) => `✓ ${name}`),
      '✗ end',
      '✗ delete',
      '✓ purge',
      '✓ clean-up',
    ]);
    expect(who.said()).toContain('2 steps failed');
    expect(world.studio.store.count()).toEqual({ active: 0, ended: 0, deleted: 1 });
  });

  test('and cannot be cleaned up is told with the SID of what is left', async () => {
    line.fate = ({ method }) => (method === 'DELETE' ? broken : 'pass');
    const who = plain();
    expect(await smoke(who)).toBe(1);
    const [left] = [...world.studio.store.list()];
    expect(who.said()).toContain(`${left?.sid} is left: 500 internal`);
  });

  test('at the trigger leaves out what needs its execution', async () => {
    line.fate = ({ method, path }) =>
      method === 'POST' && path.endsWith('/executions')
        ? { status: 404, body: '{"type":"/problems/unknown-flow"}' }
        : 'pass';
    const who = plain();
    expect(await smoke(who)).toBe(1);
    expect(marks(who)).toEqual([
      '✓ health',
      '✓ strangers',
      '✗ trigger',
      ...['repeat', 'find', 'context', 'end', 'delete'].map((name) => `– ${name}`),
      '✓ purge',
    ]);
  });

  test('at the first one ends it there', async () => {
    line.fate = () => 'cut-before';
    const who = plain();
    expect(await smoke(who)).toBe(1);
    expect(marks(who)).toEqual(['✗ health']);
  });

  test('for want of a signature, where API Gateway asks for one, starts nothing', async () => {
    line.fate = ({ path, headers }) =>
      path === '/flows' && !headers.authorization ? { status: 403, body: '{"message":"Forbidden"}' } : 'pass';
    const who = plain();
    expect(await smoke(who)).toBe(1);
    expect(marks(who)).toEqual(['✓ health', '✗ strangers']);
    expect(who.said()).toContain('asks for signatures of AWS, not for tokens (iam)');
    expect(world.studio.store.count()).toEqual({ active: 0, ended: 0, deleted: 0 });
  });

  test('for want of somebody who listens says what is surely wrong', async () => {
    const nobody = createServer();
    const { url } = await onLoopback(nobody);
    await new Promise((resolve) => nobody.close(resolve));
    const who = plain();
    expect(await who.run(smokeTool, '--url', url)).toBe(1);
    expect(who.said()).toContain('Does npm start run there?');
  });

  test.each([
    [
      'strangers',
      ({ path, headers }: Seen) => path === '/flows' && !headers.authorization,
      { status: 200, body: '{}' },
    ],
    [
      'find',
      ({ path }: Seen) => path.includes('?contact'),
      { status: 200, body: '{"executions":[],"nextCursor":null}' },
    ],
    [
      'context',
      ({ path }: Seen) => path.endsWith('/context'),
      { status: 200, body: '{"executionSid":"FN"}' },
    ],
    ['purge', ({ path }: Seen) => path.startsWith('/purges/'), { status: 200, body: '"?"' }],
  ])('is seen as one: %s', async (name, isIt, answer) => {
    line.fate = (seen) => (isIt(seen) ? answer : 'pass');
    const who = plain();
    expect(await smoke(who)).toBe(1);
    expect(marks(who).filter((mark) => mark.startsWith('✗'))).toEqual([`✗ ${name}`]);
  });

  test('is seen as one: an answer that was not replayed', async () => {
    let triggers = 0;
    const started = `{"outcome":"created","execution":{"sid":"FN${'0'.repeat(32)}"}}`;
    line.fate = ({ path, method }) =>
      method === 'POST' && path.endsWith('/executions') && ++triggers === 2
        ? { status: 201, body: started }
        : 'pass';
    const who = plain();
    expect(await smoke(who)).toBe(1);
    expect(who.said()).toContain('started a second one');
  });
});

test('a lost answer to the trigger starts nothing more, and nothing is left', async () => {
  let lost = false;
  line.fate = ({ method, path }) => {
    if (lost || method !== 'POST' || !path.endsWith('/executions')) return 'pass';
    lost = true;
    return 'cut-after';
  };
  expect(await smoke(plain())).toBe(0);
  expect(world.studio.store.count()).toEqual({ active: 0, ended: 0, deleted: 1 });
});

test('an active execution of that contact is somebody else’s and stays', async () => {
  const { body } = await world.call('POST', '/flows/welcome/executions', { body: { to: CONTACT } });
  const who = plain();
  expect(await smoke(who)).toBe(1);
  expect(who.said()).toContain('409 active-execution-exists');
  expect(world.studio.store.find(body.execution.sid)?.status).toBe('active');
});

test('Ctrl-C in the middle takes away what was made', async () => {
  line.fate = ({ path }) =>
    path.includes('?contact') ? { status: 200, body: '{"executions":[],"nextCursor":null}' } : 'pass';
  const who = plain({ napMs: 60_000 });
  const ended = smoke(who);
  await until(
    async () => line.seen.some(({ path }) => path.includes('?contact')),
    (seen) => seen,
  );
  who.interrupt();
  expect(await ended).toBe(1);
  expect(marks(who).at(-1)).toBe('✓ clean-up');
  expect(world.studio.store.count()).toEqual({ active: 0, ended: 0, deleted: 1 });
  expect(who.listening()).toBe(0);
});

test('another place than this machine needs a flow and a contact', async () => {
  const who = plain();
  expect(await who.run(smokeTool, '--url', 'https://example.com')).toBe(2);
  expect(who.complained()).toContain('--flow is missing');
  expect(who.complained()).toContain('--to is missing');
});

test('a contact in another spelling is refused before anything is started', async () => {
  const who = plain();
  expect(
    await who.run(smokeTool, '--url', 'https://example.com', '--flow', 'test', '--to', '12025550123'),
  ).toBe(2);
  expect(who.complained()).toContain('--to must be a phone number in E.164');
});
