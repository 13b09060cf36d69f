import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../infra/build.ts';
import { makeCertificate } from '../support/certificate.ts';
import {
  contestIn,
  FLOW_SID,
  type Measured,
  median,
  print,
  type Row,
  type SimulatorCounts,
  SMALL_HEAP,
  startSimulator,
} from './support/harness.ts';

/** lib/studio beside Twilio's Node SDK as its users write it, against a simulated Studio of known limits. */

const LATENCY_MS = 30;
const MAX_IN_FLIGHT = 50;
/** What that latency and that limit allow, in requests a second. */
const ALLOWED_PER_SECOND = (MAX_IN_FLIGHT * 1_000) / LATENCY_MS;
const LISTED = 100_000;
const DELETED = 20_000;
/** One by one takes 30 ms each: a part of the 20,000 tells the rate as well. */
const DELETED_ONE_BY_ONE = 1_000;
const CREATES = 400;
const IMPORTS = 15;

type Contestant = { name: string; script: string; job: string };
const ours = (job: string): Contestant => ({ name: 'studio-executions', script: 'client/ours.ts', job });
const twilio = (name: string, job: string): Contestant => ({
  name: `twilio, ${name}`,
  script: 'client/twilio.mjs',
  job,
});

type Run = { measured: Measured; counts: SimulatorCounts };

async function against(
  contestant: Contestant,
  seeded: number,
  count = seeded,
  nodeOptions = '',
): Promise<Run> {
  const behaviour = { latencyMs: LATENCY_MS, maxInFlight: MAX_IN_FLIGHT };
  const simulator = await startSimulator({ seed: 1, behaviour });
  try {
    await simulator.admin('POST', 'seed', { flowSid: FLOW_SID, count: seeded });
    const env = { ...process.env, NODE_OPTIONS: nodeOptions };
    const measured = await contestIn(env, contestant.script, contestant.job, simulator.url, count);
    return { measured, counts: await simulator.admin<SimulatorCounts>('GET', 'counts') };
  } finally {
    await simulator.stop();
  }
}

async function listing(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const contestant of [ours('list'), twilio('list', 'list'), twilio('each', 'each')]) {
    const { measured } = await against(contestant, LISTED);
    rows.push({
      client: contestant.name,
      listed: measured['listed'] ?? 0,
      seconds: measured.seconds,
      'peak MB': measured.peakMegabytes,
    });
  }
  return rows;
}

/** With plenty of memory V8 lets garbage lie: what is really needed shows in a heap that has little. */
async function memory(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const listed of [10_000, 100_000, 1_000_000]) {
    const { measured } = await against(ours('list'), listed, listed, SMALL_HEAP);
    rows.push({ client: 'studio-executions', listed, 'peak MB': measured.peakMegabytes });
  }
  return rows;
}

async function deleting(): Promise<Row[]> {
  const contestants: [Contestant, number][] = [
    [ours('delete'), DELETED],
    [twilio('one by one', 'delete-one-by-one'), DELETED_ONE_BY_ONE],
    [twilio('50 in flight', 'delete-50-in-flight'), DELETED],
  ];
  const rows: Row[] = [];
  for (const [contestant, count] of contestants) {
    const { measured, counts } = await against(contestant, DELETED, count);
    const deleted = DELETED - counts.executions.active - counts.executions.ended;
    const perSecond = deleted / measured.seconds;
    rows.push({
      client: contestant.name,
      deleted,
      'left behind': count - deleted,
      'a second': perSecond,
      'of allowed %': (100 * perSecond) / ALLOWED_PER_SECOND,
      'throttled %': (100 * counts.throttled) / counts.requests,
      'peak MB': measured.peakMegabytes,
    });
  }
  return rows;
}

/** Over TLS, because a create of ours gets a connection of its own, and that is what it costs. */
async function creating(): Promise<Row[]> {
  const behaviour = { maxInFlight: null, createsPerSecond: null };
  const tls = makeCertificate();
  const folder = mkdtempSync(join(tmpdir(), 'bench-create-'));
  writeFileSync(join(folder, 'ca.pem'), tls.cert);
  const simulator = await startSimulator({ seed: 1, behaviour, tls });
  try {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') };
    const medians = await contestIn(env, 'client/create.mjs', simulator.url, CREATES);
    const { bare = 0, ours = 0, prepared = 0, theirs = 0 } = medians;
    return [
      { client: 'bare node:https, kept alive', 'median ms': bare, 'overhead ms': 0 },
      {
        client: 'studio-executions, prepared as by the trigger',
        'median ms': prepared,
        'overhead ms': prepared - bare,
      },
      { client: 'studio-executions, with its own handshake', 'median ms': ours, 'overhead ms': ours - bare },
      { client: 'twilio, kept alive', 'median ms': theirs, 'overhead ms': theirs - bare },
    ];
  } finally {
    await simulator.stop();
    rmSync(folder, { recursive: true });
  }
}

const entries = {
  'an empty module': '',
  'studio-executions': `import { createStudio } from '${fileURLToPath(new URL('../../lib/studio/client.ts', import.meta.url))}'; globalThis.it = createStudio; await import('undici');`,
  twilio: `import twilio from '${fileURLToPath(new URL('node_modules/twilio/index.js', import.meta.url))}'; globalThis.it = twilio;`,
};

async function importing(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-client-'));
  try {
    const names = Object.keys(entries);
    const files = Object.values(entries).map((text, index) => {
      const file = join(folder, `entry-${index}.ts`);
      // How long the process ran and computed until its last import was there.
      writeFileSync(
        file,
        `${text}\nconst { user, system } = process.cpuUsage();\nconsole.log((user + system) / 1000);`,
      );
      return { in: file, out: `out-${index}` };
    });
    await bundle(files, folder);
    const outs = files.map(({ out }) => join(folder, `${out}.mjs`));
    const undiciKb = statSync(join(folder, 'undici.mjs')).size / 1_000;
    const times = outs.map((): number[] => []);
    for (let round = 0; round < IMPORTS; round++)
      for (const [index, out] of outs.entries())
        times[index]?.push(Number(execFileSync(process.execPath, [out], { encoding: 'utf8' })));
    return names.map((client, index) => ({
      client,
      'import, CPU ms': median(times[index] ?? []) - median(times[0] ?? []),
      'bundle KB': statSync(outs[index] ?? '').size / 1_000 + (client === 'studio-executions' ? undiciKb : 0),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function run(argv: string[]): Promise<void> {
  const upstream = `${LATENCY_MS} ms latency, ${MAX_IN_FLIGHT} in flight`;
  print(`Listing, pages of 1,000 (${upstream})`, await listing(), argv);
  print('Memory of listing, in a heap of 64 MB', await memory(), argv);
  print(
    `Deleting, with an unknown limit (${upstream}: ${Math.round(ALLOWED_PER_SECOND)} a second)`,
    await deleting(),
    argv,
  );
  print('A warm create (no latency, so that only the overhead is left)', await creating(), argv);
  print('Importing (minified bundle, CPU over an empty module)', await importing(), argv);
}
