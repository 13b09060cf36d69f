import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { purgeTool } from '../../../../infra/cli/purge/purge.ts';
import { type Line, startProxy } from '../../../support/cli/proxy.ts';
import { type Somebody, somebody } from '../../../support/cli/terminal.ts';
import { DAY_MS, SUPPORT, startWorld, until, WELCOME, type World } from '../../../support/local/world.ts';

/** `npm run purge` against the built bundles, through a proxy that can lose requests. */

const PURGE = `pu${'0'.repeat(26)}`;

let world: World;
let proxy: Line;
const old = () => ({
  dateCreatedFrom: new Date(Date.now() - 20 * DAY_MS).toISOString(),
  dateCreatedTo: new Date(Date.now() - 10 * DAY_MS).toISOString(),
});
const purge = (who: Somebody, ...argv: string[]) => who.run(purgeTool, '--url', proxy.url, ...argv);
const lastPurge = async () => (await world.call('GET', '/purges?limit=1')).body.purges[0];

beforeAll(async () => {
  world = await startWorld();
  proxy = await startProxy(world.local.url);
});
afterAll(async () => {
  await proxy.close();
  await world.local.close();
});
beforeEach(() => {
  world.studio.reset();
  proxy.seen.length = 0;
  proxy.fate = () => 'pass';
  world.studio.store.seed({ flowSid: WELCOME, count: 60, ...old() });
  world.studio.store.seed({ flowSid: WELCOME, count: 10 });
  world.studio.store.seed({ flowSid: SUPPORT, count: 7, ...old() });
});
afterEach(() => expect(world.mistakes.splice(0)).toEqual([]));

describe('a purge', () => {
  test('shows the dry run, asks, deletes exactly that and tells its id', async () => {
    const who = somebody({ answers: ['y'] });
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P7D')).toBe(0);
    expect(who.asked).toEqual([{ question: '  Delete 60 executions? [y/N] ', hidden: false }]);
    expect(world.studio.store.count()).toEqual({ active: 0, ended: 17, deleted: 60 });
    const { id, request } = await lastPurge();
    expect(who.said()).toContain('60 executions deleted');
    expect(who.said()).toContain(`${id} `);
    expect(request).toMatchObject({ flows: ['welcome'], status: 'ended', dryRun: false, archive: false });
    expect(who.listening()).toBe(0);
  });

  test.each(['n', '', null, 'of course'])('deletes nothing when the answer is %j', async (answer) => {
    const who = somebody({ answers: [answer] });
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P7D')).toBe(1);
    expect(who.said()).toContain('Nothing was deleted');
    expect(world.studio.store.count().deleted).toBe(0);
    expect((await lastPurge()).request.dryRun).toBe(true);
  });

  test('deletes the window that it has shown, not the same age once more', async () => {
    const who = somebody();
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P7D', '--yes')).toBe(0);
    const { purges } = (await world.call('GET', '/purges?limit=2')).body;
    const [real, dry] = purges;
    expect(dry.request).toMatchObject({ olderThan: 'P7D', dryRun: true });
    expect(real.request).toMatchObject({ olderThan: null, dryRun: false });
    expect(real.window).toEqual(dry.window);
    expect(who.asked).toEqual([]);
  });

  test('of one contact goes over all flows, with archive and limit as told', async () => {
    world.studio.store.seed({ flowSid: SUPPORT, count: 3, contact: '+15005550009', ...old() });
    const who = somebody();
    const argv = ['--contact', '+15005550009', '--limit', '2', '--archive', '--yes'];
    expect(await purge(who, ...argv)).toBe(0);
    expect(world.studio.store.count().deleted).toBe(2);
    expect(who.said()).toContain('2 archived');
    expect((await lastPurge()).request).toMatchObject({ flows: 'all', limit: 2, archive: true });
  });

  test('of nothing asks nothing', async () => {
    const who = somebody();
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P29D')).toBe(0);
    expect(who.asked).toEqual([]);
    expect(who.said()).toContain('nothing to delete');
  });

  test('with failures names them and ends with 1', async () => {
    world.studio.behave({
      faults: [{ kind: 'error', work: 'undone', status: 400, operations: ['DeleteExecution'] }],
    });
    const who = somebody();
    expect(await purge(who, '--flow', 'support', '--older-than', 'P7D', '--yes')).toBe(1);
    expect(who.said()).toContain('7 failed');
    expect(who.said()).toMatch(/Failed.*FN[0-9a-f]{32} /);
    expect(who.said()).not.toContain('/failures');
    world.studio.behave({ faults: [] });
  });

  test('with many failures names the first ten with their reasons, and says where all of them are', async () => {
    world.studio.behave({
      faults: [{ kind: 'error', work: 'undone', status: 400, operations: ['DeleteExecution'] }],
    });
    const who = somebody({ interactive: false });
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P7D', '--yes')).toBe(1);
    world.studio.behave({ faults: [] });
    expect(who.said()).toContain('60 failed');
    expect(who.said().match(/FN[0-9a-f]{32} delete: rejected \(\d+\)/g)).toHaveLength(10);
    const path = /and 50 more: GET (\S+)/.exec(who.said())?.[1] ?? '';
    expect((await world.call('GET', `${path}?limit=1000`)).body.failures).toHaveLength(60);
  });
});

describe('without a terminal', () => {
  test('refuses to delete unasked, before anything is sent', async () => {
    const who = somebody({ interactive: false });
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P7D')).toBe(2);
    expect(who.complained()).toContain('--dry-run only counts, --yes deletes unasked');
    expect(proxy.seen).toEqual([]);
  });

  test('a dry run shows what there is, and ends with 0', async () => {
    const who = somebody({ interactive: false });
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P7D', '--dry-run')).toBe(0);
    expect(who.said()).toContain('60 of ');
    expect(who.said()).toMatch(/Nothing was deleted\. The dry run is purge pu\w{26}\./);
    expect(
      who
        .said()
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
    expect((await lastPurge()).request.dryRun).toBe(true);
    expect(world.studio.store.count().deleted).toBe(0);
  });

  test('writes plain lines', async () => {
    const who = somebody({ interactive: false });
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P7D', '--yes')).toBe(0);
    expect(who.said()).toBe(stripVTControlCharacters(who.said()));
    expect(who.said()).not.toContain('\r');
  });

  test('leaves the purge running when the process is told to end', async () => {
    world.studio.behave({ latencyMs: 30, maxInFlight: 2 });
    const who = somebody({ interactive: false });
    const ended = purge(who, '--flow', 'welcome', '--older-than', 'P7D', '--yes');
    await until(
      async () => world.studio.store.count().deleted,
      (deleted) => deleted > 0,
    );
    who.interrupt();
    expect(await ended).toBe(1);
    expect(who.said()).toMatch(/npm run purge -- --watch pu\w+ --url /);
    world.studio.behave({ latencyMs: 0, maxInFlight: 100 });
    await until(lastPurge, ({ status }) => status === 'succeeded');
  });
});

describe('Ctrl-C', () => {
  const running = async (answers: (string | null)[], afterwards: () => void = () => undefined) => {
    // Enough, and slow enough, to be met in the middle.
    world.studio.store.seed({ flowSid: WELCOME, count: 240, ...old() });
    world.studio.behave({ latencyMs: 40, maxInFlight: 2 });
    const who = somebody({ answers: ['y', ...answers] });
    const ended = purge(who, '--flow', 'welcome', '--older-than', 'P7D');
    await until(
      async () => world.studio.store.count().deleted,
      (deleted) => deleted > 0,
    );
    who.interrupt();
    await until(
      async () => who.asked.length,
      (asked) => asked === 2,
    );
    afterwards();
    return { who, code: await ended };
  };
  afterEach(() => world.studio.behave({ latencyMs: 0, maxInFlight: 100 }));

  test('and yes stops the purge and waits for its end', async () => {
    const { who, code } = await running(['y']);
    expect(code).toBe(1);
    expect((await lastPurge()).status).toBe('stopped');
    expect(who.said()).toMatch(/Purge .*stopped/);
    expect(world.studio.store.count().deleted).toBeLessThan(300);
  });

  test('twice does not wait for the end of the stopping', async () => {
    world.studio.store.seed({ flowSid: WELCOME, count: 240, ...old() });
    world.studio.behave({ latencyMs: 40, maxInFlight: 2 });
    const who = somebody({ answers: ['y', 'y'] });
    const ended = purge(who, '--flow', 'welcome', '--older-than', 'P7D');
    proxy.fate = ({ path }) => {
      if (path.endsWith('/stop')) setTimeout(who.interrupt, 50);
      return 'pass';
    };
    await until(
      async () => world.studio.store.count().deleted,
      (deleted) => deleted > 0,
    );
    who.interrupt();
    expect(await ended).toBe(1);
    expect(who.said()).toMatch(/stops within a minute|Purge .*stopped/);
    await until(lastPurge, ({ status }) => status === 'stopped');
  });

  test('and no goes back to the bar and watches to the end', async () => {
    const faster = () => void world.studio.behave({ latencyMs: 5, maxInFlight: 100 });
    const { who, code } = await running(['n'], faster);
    expect(code).toBe(0);
    expect(who.asked).toHaveLength(2);
    expect(who.said()).toContain('300 executions deleted');
    // Drawn again after the answer.
    expect(who.said().split('[y/N]').at(-1)).toMatch(/━|┄/);
  });

  test('and Ctrl-C again leaves it running and says how to watch it, which then has a bar', async () => {
    const { who, code } = await running([null]);
    expect(code).toBe(1);
    expect((await lastPurge()).status).toBe('running');
    const id = /--watch (pu\w+)/.exec(who.said())?.[1] ?? '';
    const later = somebody();
    const watched = purge(later, '--watch', id);
    await until(
      async () => later.said(),
      (said) => / of 300/.test(said),
    );
    world.studio.behave({ latencyMs: 0, maxInFlight: 100 });
    expect(await watched).toBe(0);
    expect(later.said()).toContain('300 executions deleted');
  });
});

describe('an unreliable line', () => {
  test('that refuses while watching is told, and that the purge goes on', async () => {
    proxy.fate = ({ method }) =>
      method === 'GET' ? { status: 401, body: '{"type":"/problems/unauthenticated"}' } : 'pass';
    const who = somebody();
    expect(await purge(who, '--watch', PURGE)).toBe(1);
    expect(who.complained()).toContain('401 unauthenticated');
    expect(who.complained()).toContain(`Purge ${PURGE} may still be running.`);
  });

  test('that loses the answer to the order starts one purge all the same', async () => {
    let orders = 0;
    proxy.fate = ({ method, path }) => {
      if (method !== 'POST' || path !== '/purges') return 'pass';
      orders += 1;
      return orders % 2 === 1 ? 'cut-after' : 'pass';
    };
    const before = (await world.call('GET', '/purges?limit=1000')).body.purges.length;
    expect(await purge(somebody(), '--flow', 'welcome', '--older-than', 'P7D', '--yes')).toBe(0);
    expect(orders).toBe(4);
    expect((await world.call('GET', '/purges?limit=1000')).body.purges.length).toBe(before + 2);
  });

  test('that breaks while watching is waited for', async () => {
    let looks = 0;
    proxy.fate = ({ method }) => {
      if (method !== 'GET') return 'pass';
      looks += 1;
      if (looks % 3 === 1) return 'cut-before';
      return looks % 3 === 2 ? { status: 503, body: '<html>', headers: { 'retry-after': '1' } } : 'pass';
    };
    // Longer than the 80 ms until a frame is drawn.
    const who = somebody({ napMs: 200 });
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P7D', '--yes')).toBe(0);
    expect(who.said()).toContain('No connection; trying again');
    expect(world.studio.store.count().deleted).toBe(60);
  });

  test('that never comes back is given up, and the purge is said to go on', async () => {
    let nowMs = Date.now();
    proxy.fate = ({ method }) => (method === 'GET' ? 'cut-before' : 'pass');
    const who = somebody({
      now: () => {
        nowMs += 60_000;
        return nowMs;
      },
    });
    expect(await purge(who, '--watch', PURGE)).toBe(1);
    expect(who.complained()).toContain('has not answered for 10 min');
    expect(who.complained()).toContain(`${PURGE} may still be running`);
  });
});

test('watching a purge that does not exist says so, and no more', async () => {
  const who = somebody();
  expect(await purge(who, '--watch', PURGE)).toBe(1);
  expect(who.complained()).toBe('  There is no purge with this id (404 unknown-purge)\n');
});

test('where nothing runs, that is said at once', async () => {
  const gone = await startProxy(world.local.url);
  await gone.close();
  const sleptMs: number[] = [];
  const who = somebody();
  who.sleep = async (ms) => void sleptMs.push(ms);
  const argv = ['--flow', 'welcome', '--older-than', 'P7D', '--dry-run'];
  expect(await who.run(purgeTool, '--url', gone.url, ...argv)).toBe(1);
  expect(who.complained()).toBe(
    `  ${gone.url} cannot be reached: ECONNREFUSED\n  Does npm start run there?\n`,
  );
  expect(sleptMs).toEqual([]);
});

test('what an erasure of ended executions leaves is told', async () => {
  const contact = '+15005550010';
  world.studio.store.seed({ flowSid: SUPPORT, count: 2, contact, ...old() });
  world.studio.store.seed({ flowSid: WELCOME, count: 1, contact, activeShare: 1, ...old() });
  const who = somebody({ interactive: false });
  expect(await purge(who, '--contact', contact, '--dry-run')).toBe(0);
  expect(who.said()).toContain('1 active execution of the contact: --status any deletes them too');
});

test('several contacts are erased in one purge, and shown one a line', async () => {
  const contacts = ['+15005550011', 'whatsapp:+15005550011'];
  for (const contact of contacts) world.studio.store.seed({ flowSid: SUPPORT, count: 2, contact, ...old() });
  world.studio.store.seed({
    flowSid: WELCOME,
    count: 1,
    contact: contacts[0] ?? '',
    activeShare: 1,
    ...old(),
  });
  const who = somebody({ interactive: false });
  const argv = contacts.flatMap((contact) => ['--contact', contact]);
  expect(await purge(who, ...argv, '--yes')).toBe(0);
  expect(who.said()).toContain('4 executions deleted');
  expect(who.said()).toMatch(/Contact +\+15005550011\n +whatsapp:\+15005550011\n/);
  expect(who.said()).toContain('1 active execution of these contacts');
  expect((await lastPurge()).request.contact).toHaveLength(2);
});

test('a contact that is named twice, and more than twenty, are refused before anything is sent', async () => {
  const who = somebody();
  const many = Array.from({ length: 21 }, (_, index) => ['--contact', `+150055501${index + 10}`]).flat();
  expect(await purge(who, ...many, '--contact', '+15005550110', '--yes')).toBe(2);
  expect(who.complained()).toContain('--contact may be given at most 20 times');
  expect(who.complained()).toContain('--contact names an address twice');
  expect(proxy.seen).toEqual([]);
});

describe('a refusal', () => {
  test('of the request names the option, with exit code 2', async () => {
    const who = somebody();
    const argv = [
      '--flow',
      'nope',
      '--flow',
      'welcome',
      '--older-than',
      'P7D',
      '--limit',
      '999999999',
      '--yes',
    ];
    expect(await purge(who, ...argv)).toBe(2);
    expect(who.complained()).toContain('--limit must be at most 100000000');
    const unknown = somebody();
    expect(await purge(unknown, '--flow', 'nope', '--older-than', 'P7D', '--yes')).toBe(2);
    expect(unknown.complained()).toContain('--flow nope is not a configured flow');
  });

  test('of the caller says what to do, and shows no token', async () => {
    const who = somebody({ env: { STUDIO_API_TOKEN: 'not-the-token' } });
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P7D')).toBe(1);
    expect(who.complained()).toContain('401 unauthenticated');
    expect(
      who
        .complained()
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
    expect(who.complained() + who.said()).not.toContain('not-the-token');
    const reader = somebody({ env: { STUDIO_API_TOKEN: 'local-reader' } });
    expect(await purge(reader, '--flow', 'welcome', '--older-than', 'P7D')).toBe(1);
    expect(reader.complained()).toContain('403 forbidden');
  });

  test('by something that is not the API is called that', async () => {
    proxy.fate = () => ({ status: 404, body: '<html>' });
    const who = somebody();
    expect(await purge(who, '--flow', 'welcome', '--older-than', 'P7D')).toBe(1);
    expect(who.complained()).toContain('Is this the address of the API?');
  });
});

test('a contact that would match nobody is refused before anything is sent', async () => {
  const who = somebody();
  expect(await purge(who, '--contact', '15005550009', '--yes')).toBe(2);
  expect(who.complained()).toContain('--contact must be an address as Studio reports it');
  expect(proxy.seen).toEqual([]);
});

test('every mistake in the arguments is named at once, with exit code 2', async () => {
  const who = somebody();
  expect(await purge(who, '--flwo', 'x', '--limit', '0', '--from', 'today', '--token', 'abc')).toBe(2);
  for (const part of [
    '--flwo is not known',
    '--limit must',
    '--from must',
    '--token: nothing secret',
    '--flow is missing',
  ])
    expect(who.complained()).toContain(part);
  expect(who.complained()).not.toContain('abc');
  expect(proxy.seen).toEqual([]);
});
