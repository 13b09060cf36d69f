import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { archiveTool } from '../../../infra/cli/archive.ts';
import { DAY_MS, finished, SUPPORT, startWorld, WELCOME, type World } from '../local/fixtures/world.ts';
import { type Somebody, somebody } from './terminal.ts';

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

  test('finds nothing where there is nothing', async () => {
    expect(await read(who, '--purge', 'pu0')).toBe(0);
    expect(who.said()).toBe('');
    expect(who.complained()).toContain('0 executions in 0 objects');
  });

  test('takes the bucket from the environment', async () => {
    const io = somebody({ env: { STUDIO_ARCHIVE_BUCKET: bucket() } });
    expect(await io.run(archiveTool, 'read', '--flow', 'support')).toBe(0);
    expect(lines(io)).toHaveLength(5);
  });
});

describe('a broken object', () => {
  const put = (key: string, bytes: Buffer) =>
    world.local.s3?.store.put(bucket(), key, { bytes, headers: {}, checksum: null, onlyIfNew: false });
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
  expect(await who.run(archiveTool, '--execution', 'FN1', '--purge', '../x', '--stage', 'Prod')).toBe(2);
  for (const part of ['archive -- read', '--execution must', '--purge must', '--stage must'])
    expect(who.complained()).toContain(part);
});
