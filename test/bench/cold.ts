import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildBundles, bundlesDirectory, requireBanner } from '../../infra/build.ts';
import { makeCertificate } from '../support/certificate.ts';
import { openProcessorShare } from './cold/processor-share.ts';
import { type ColdStart, coldStart } from './cold/runtime-api.ts';
import {
  LAMBDA_ENVIRONMENT,
  median,
  print,
  type Row,
  startAws,
  startSimulator,
  triggerEvent,
} from './support/harness.ts';

/**
 * Cold starts under AWS's own runtime client: from the start of the process to the first answer, in which
 * the secret is read and one execution is created over TLS. Variants take turns. `--memory`: also with the share
 * of a processor that Lambda gives for some memory sizes, which takes root on Linux.
 */

const ROUNDS = 21;
const MEMORY_MB = [256, 512, 768, 1_024, 1_769];
const MEMORY_ROUNDS = 7;
const PEERS = ['empty', 'https', 'twilio'] as const;
const NAMES = {
  empty: 'an empty handler',
  https: 'bare node:https',
  ours: 'studio-executions, everything on',
  twilio: "Twilio's Node SDK",
};
type Variant = keyof typeof NAMES;

export async function run(argv: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-cold-'));
  const tls = makeCertificate();
  writeFileSync(join(folder, 'ca.pem'), tls.cert);
  const behaviour = { maxInFlight: null, createsPerSecond: null };
  const simulator = await startSimulator({ seed: 1, behaviour, tls });
  const aws = await startAws();
  try {
    const sizes = await prepare(folder);
    const env = {
      ...aws.variables,
      ...LAMBDA_ENVIRONMENT,
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/trigger',
      AWS_LAMBDA_LOG_STREAM_NAME: 'bench',
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
      PATH: process.env['PATH'] ?? '',
      STUDIO_BASE_URL: simulator.url,
    };
    const variants = Object.keys(NAMES) as Variant[];
    const starts: Record<Variant, ColdStart[]> = { empty: [], https: [], ours: [], twilio: [] };
    let contacts = 0;
    // The first round warms the disk's cache and is thrown away.
    for (let round = 0; round <= ROUNDS; round++)
      for (const variant of variants) {
        const to = `+1558${String(contacts++).padStart(7, '0')}`;
        const start = await coldStart(join(folder, variant), env, triggerEvent(to, { to }));
        if (start.status !== 201) throw new Error(`${variant} answered ${start.status}`);
        if (round > 0) starts[variant].push(start);
      }
    const wall = (variant: Variant) => median(starts[variant].map(({ wallMs }) => wallMs));
    const cpu = (variant: Variant) => median(starts[variant].map(({ cpuMs }) => cpuMs));
    const rows: Row[] = variants.map((variant) => ({
      function: NAMES[variant],
      'wall ms': wall(variant),
      'CPU ms': cpu(variant),
      '× empty, CPU': cpu(variant) / cpu('empty'),
      '× Twilio, CPU': cpu(variant) / cpu('twilio'),
      '× Twilio, wall': wall(variant) / wall('twilio'),
      'bundle KB': sizes[variant],
    }));
    print(`Cold starts, medians of ${ROUNDS}, interleaved`, rows, argv);
    if (argv.includes('--memory')) print('Wall ms by memory', await byMemory(folder, env), argv);
  } finally {
    await Promise.all([simulator.stop(), aws.stop()]);
    rmSync(folder, { recursive: true });
  }
}

/** What a caller waits for with less than a whole processor. */
async function byMemory(folder: string, env: Record<string, string>): Promise<Row[]> {
  const variants = ['empty', 'ours', 'twilio'] as const;
  const walls = new Map<string, number[]>();
  const share = openProcessorShare();
  let contacts = 0;
  try {
    for (let round = 0; round < MEMORY_ROUNDS; round++)
      for (const memoryMb of MEMORY_MB) {
        share.set(memoryMb);
        for (const variant of variants) {
          const to = `+1559${String(contacts++).padStart(7, '0')}`;
          const { wallMs } = await coldStart(
            join(folder, variant),
            env,
            triggerEvent(to, { to }),
            share.tasks,
          );
          const key = `${variant} ${memoryMb}`;
          walls.set(key, [...(walls.get(key) ?? []), wallMs]);
        }
      }
  } finally {
    share.close();
  }
  return variants.map((variant) => ({
    function: NAMES[variant],
    ...Object.fromEntries(MEMORY_MB.map((mb) => [`${mb} MB`, median(walls.get(`${variant} ${mb}`) ?? [])])),
  }));
}

/** A folder for each variant with its `index.mjs`; the peers are bundled as their users do it, minified. */
async function prepare(folder: string): Promise<Record<Variant, number>> {
  await buildBundles();
  mkdirSync(join(folder, 'ours'));
  for (const file of readdirSync(join(bundlesDirectory, 'trigger')))
    cpSync(join(bundlesDirectory, 'trigger', file), join(folder, 'ours', file));
  const here = fileURLToPath(new URL('cold/', import.meta.url));
  await build({
    entryPoints: PEERS.map((peer) => ({ in: `${here}${peer}.mjs`, out: `${peer}/index` })),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: requireBanner },
  });
  const size = (variant: Variant) => statSync(join(folder, variant, 'index.mjs')).size / 1_000;
  return { empty: size('empty'), https: size('https'), ours: size('ours'), twilio: size('twilio') };
}
