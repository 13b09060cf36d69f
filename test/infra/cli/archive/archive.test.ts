import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { archiveTool } from '../../../../infra/cli/archive/archive.ts';
import { type Somebody, somebody } from '../../../support/cli/terminal.ts';
import { DAY_MS, finished, SUPPORT, startWorld, WELCOME, type World } from '../../../support/local/world.ts';

/** `npm run archive` over what real purges have written. */

let world: World;
let purges: { welcome: string; support: string };
let sids: { welcome: string[]; support: string[] };

beforeAll(async () => {
  world = await startWorld();
  const dateCreatedTo = new Date(Date.now() - 10 * DAY_MS).toISOString();
  world.studio.store.seed({ flowSid: WELCOME, count: 25, dateCreatedTo });
  world.studio.store.seed({ flowSid: SUPPORT, count: 5, dateCreatedTo });
  const of = (flowSid: string) => [...world.studio.store.list({ flowSid })].map(({ sid }) => sid).toSorted();
  sids = { welcome: of(WELCOME), support: of(SUPPORT) };
  const archive = async (flow: string): Promise<string> => {
    const body = { flows: [flow], olderThan: 'P7D', archive: true, dryRun: false };
    const started = await world.call('POST', '/purges', { body });
    await finished(world.call, started.body.id);
    return started.body.id;
  };
  purges = { welcome: await archive('welcome'), support: await archive('support') };

  vi.stubEnv('AWS_ENDPOINT_URL_S3', world.local.endpoints.S3);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await world.local.close();
});

const bucket = () => world.local.resources.archiveBucket;
const read = (who: Somebody, ...argv: string[]) =>
  who.run(archiveTool, 'read', '--bucket', bucket(), ...argv);
// biome-ignore lint/suspicious/noExplicitAny: lines of any shape are looked into.
const lines = (who: Somebody): any[] =>
  who
    .said()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
const sidsOf = (who: Somebody) =>
  lines(who)
    .map(({ execution }) => execution.sid)
    .toSorted();

describe('reading the archive', () => {
  let who: Somebody;
  beforeEach(() => {
    who = somebody({ interactive: false });
  });

  test('prints every execution with its context and steps, and what it was beside the lines', async () => {
    expect(await read(who)).toBe(0);
    expect(sidsOf(who)).toEqual([...sids.welcome, ...sids.support].toSorted());
    expect(lines(who)[0]).toMatchObject({
      context: { context: expect.anything() },
      steps: expect.any(Array),
    });
    expect(who.complained()).toContain('30 executions in 2 objects');
  });

  test('of one purge prints what it has archived', async () => {
    expect(await read(who, '--purge', purges.support)).toBe(0);
    expect(sidsOf(who)).toEqual(sids.support);
    expect(who.complained()).toContain('5 executions in 1 object');
  });

  test('of one flow does not look at others', async () => {
    expect(await read(who, '--flow', 'welcome')).toBe(0);
    expect(sidsOf(who)).toEqual(sids.welcome);
  });

  test('finds executions by their SIDs', async () => {
    const [one = '', two = ''] = [sids.welcome[3], sids.support[1]];
    expect(await read(who, '--execution', one, '--execution', two)).toBe(0);
    expect(sidsOf(who)).toEqual([one, two].toSorted());
  });

  test('ends with 1 where there is nothing of a purge, and says so', async () => {
    const never = `pu${'0'.repeat(26)}`;
    expect(await read(who, '--purge', never)).toBe(1);
    expect(who.said()).toBe('');
    expect(who.complained()).toContain('0 executions in 0 objects');
    expect(who.complained()).toContain(`Nothing was archived there by purge ${never}.`);
  });

  test('ends with 1 when one of several is not there, and prints the others', async () => {
    const [there = ''] = sids.welcome;
    const missing = `FN${'0'.repeat(32)}`;
    expect(await read(who, '--execution', missing, '--execution', there)).toBe(1);
    expect(sidsOf(who)).toEqual([there]);
    expect(who.complained()).toContain(`${missing} was not found.`);
    expect(who.complained()).not.toContain(`${there} was`);
    const flows = somebody({ interactive: false });
    expect(await read(flows, '--flow', 'nope', '--flow', 'support')).toBe(1);
    expect(sidsOf(flows)).toEqual(sids.support);
    expect(flows.complained()).toContain('Nothing of the flow nope was archived.');
  });

  test('takes the bucket from the environment', async () => {
    const io = somebody({ env: { STUDIO_ARCHIVE_BUCKET: bucket() } });
    expect(await io.run(archiveTool, 'read', '--flow', 'support')).toBe(0);
    expect(lines(io)).toHaveLength(5);
  });
});

describe('the archive of npm start', () => {
  test('is read at its address alone, without an account or a region', async () => {
    const variables = ['AWS_ENDPOINT_URL_S3', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    const values = variables.map((name) => process.env[name]);
    for (const name of variables) vi.stubEnv(name, undefined);
    try {
      const who = somebody({ interactive: false });
      expect(await who.run(archiveTool, 'read', '--url', `${world.local.url}/`, '--flow', 'support')).toBe(0);
      expect(sidsOf(who)).toEqual(sids.support);
    } finally {
      for (const [at, name] of variables.entries()) vi.stubEnv(name, values[at]);
    }
  });

  test('is told to nobody but the local run’s administrator', async () => {
    const { status } = await world.call('GET', '/__local/archive', { token: 'local-reader' });
    expect(status).toBe(401);
  });

  test('is not looked for where nothing runs, nor on another machine', async () => {
    const nobody = somebody();
    expect(await nobody.run(archiveTool, 'read', '--url', 'http://127.0.0.1:1')).toBe(1);
    expect(nobody.complained()).toContain('http://127.0.0.1:1 cannot be reached');
    const elsewhere = somebody();
    const argv = ['--url', 'https://api.example.com', '--stage', 'prod'];
    expect(await elsewhere.run(archiveTool, 'read', ...argv)).toBe(2);
    expect(elsewhere.complained()).toContain('--url must be on this machine');
    expect(elsewhere.complained()).toContain('--url goes with neither');
  });
});

describe('a broken object', () => {
  const put = (key: string, bytes: Buffer) =>
    world.local.s3?.store.put(bucket(), key, { bytes, headers: {} });
  const key = (name: string) => `welcome/2026-11-01/pu0broken/${name}.ndjson.gz`;
  const line = (sid: string) => `${JSON.stringify({ execution: { sid }, context: {}, steps: [] })}\n`;

  test('is named, what is readable of it and all others are printed, and it ends with 1', async () => {
    const good = `FN${'1'.repeat(32)}`;
    put(key('00000001'), gzipSync(line(good)).subarray(0, 40));
    put(key('00000002'), gzipSync(`${line(good)}{"contact": "+15005550001`));
    put(key('00000003'), gzipSync('{"secret": "+15005550001"}\n'));
    put(key('00000004'), Buffer.from(''));
    put(key('00000005'), gzipSync(line(good)));
    const who = somebody({ interactive: false });
    expect(await read(who)).toBe(1);
    expect(sidsOf(who)).toEqual([good, good, ...sids.welcome, ...sids.support].toSorted());
    for (const name of ['00000001', '00000002', '00000003', '00000004'])
      expect(who.complained()).toContain(`${key(name)} is broken`);
    expect(who.complained()).not.toContain(`${key('00000005')} is`);
    expect(who.complained()).toContain('32 executions in 7 objects, 4 objects broken');
    // Not a word of what stands in it.
    expect(who.complained()).not.toContain('+15005550001');
  });
});

test('of what stands in several objects of a slice, and in a later one, the newest is printed, once', async () => {
  const [one, two, three] = ['a', 'b', 'c'].map((digit) => `FN${digit.repeat(32)}`);
  const purge = `pu${'1'.repeat(26)}`;
  const put = (name: string, lines: [sid: string | undefined, context: string][]) => {
    const body = lines.map(([sid, context]) => JSON.stringify({ execution: { sid }, context, steps: [] }));
    return world.local.s3?.store.put(bucket(), `welcome/2026-11-02/${purge}/${name}.ndjson.gz`, {
      bytes: gzipSync(body.join('\n')),
      headers: {},
    });
  };
  const old = put('00000001-0a', [
    [one, 'old'],
    [three, 'old'],
  ]);
  // As another second would have it, which is what S3 tells apart.
  if (old) old.modifiedMs -= 1_000;
  put('00000001-ff', [
    [one, 'new'],
    [two, 'new'],
  ]);
  put('00000002-11', [[three, 'later']]);
  const who = somebody({ interactive: false });
  expect(await read(who, '--purge', purge)).toBe(0);
  expect(lines(who).map(({ execution, context }) => [execution.sid, context])).toEqual([
    [one, 'new'],
    [two, 'new'],
    [three, 'old'],
  ]);
  expect(who.complained()).toContain('3 executions in 3 objects');
});

test('a bucket that is not there is called that', async () => {
  const who = somebody();
  expect(await who.run(archiveTool, 'read', '--bucket', 'nobodys')).toBe(1);
  expect(who.complained()).toContain('There is no bucket nobodys.');
});

test('an endpoint that is not there is told, without a stack of calls', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:1');
  const who = somebody();
  expect(await who.run(archiveTool, 'read', '--bucket', 'nobodys')).toBe(1);
  expect(who.complained()).toContain('AWS cannot be reached: ECONNREFUSED');
  vi.stubEnv('AWS_ENDPOINT_URL_S3', world.local.endpoints.S3);
});

test('every mistake in the arguments is named at once', async () => {
  const who = somebody();
  const argv = ['--execution', 'FN1', '--purge', 'nope', '--stage', 'Prod', '--flow', '../x'];
  expect(await who.run(archiveTool, ...argv)).toBe(2);
  for (const part of ['archive -- read', '--execution must', '--purge must', '--stage must', '--flow must'])
    expect(who.complained()).toContain(part);
});
