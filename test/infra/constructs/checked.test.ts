import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { config, deployment } from '../../../infra/config.ts';
import { checkInfraConfig, checkParts, InfraConfigError } from '../../../infra/constructs/checked.ts';
import { sampleConfig } from '../../support/synthesized.ts';

function mistakesOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof InfraConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('checking infra/config.ts', () => {
  it('takes what the repository is delivered with', () => {
    const { settings } = checkInfraConfig({ config, deployment }, undefined);
    expect(settings).toMatchObject({ schedule: 'rate(1 day)', keepData: true, customerKey: false });
  });

  it('names flows of IAM callers that are not configured, of every stage too', () => {
    const iam = { routes: 'all', scopes: ['read'], flows: ['welcome', 'billing'] };
    const parts = mistakesOf(() => checkParts(config, { iam }));
    expect(parts).toEqual(['settings #/iam/flows/1 is not a configured flow']);
    const staged = mistakesOf(() =>
      checkInfraConfig({ config, deployment: { stages: { test: { iam } } } }, undefined),
    );
    expect(staged).toEqual(['deployment #/stages/test #/iam/flows/1 is not a configured flow']);
    expect(checkParts(config, { iam: { ...iam, flows: ['welcome'] } }).settings.iam?.flows).toEqual([
      'welcome',
    ]);
  });

  it('names settings of a stage that do not go with those of the file', () => {
    const deployment = { stuckAlarm: 5, stages: { test: { census: false } } };
    expect(mistakesOf(() => checkInfraConfig({ config, deployment }, undefined))).toEqual([
      'deployment #/stages/test #/stuckAlarm never goes off, because census is false',
    ]);
  });

  it('names the mistakes of both halves and of every stage at once', () => {
    const mistakes = mistakesOf(() =>
      checkInfraConfig(
        {
          config: { flows: [{ alias: 'welcome', sid: 'FW1' }], polices: [] },
          deployment: { schedule: 'every day', logRetentionDays: 31, stages: { Prod: {} } },
        },
        undefined,
      ),
    );
    expect(mistakes).toEqual([
      'config #/flows/0/sid must be a flow SID: FW and 32 hexadecimal digits',
      'config #/polices is not a known member',
      expect.stringMatching(/^deployment #\/schedule must be/),
      expect.stringMatching(/^deployment #\/logRetentionDays must be/),
      expect.stringMatching(/^deployment #\/stages\/Prod must be/),
    ]);
  });

  it.each([
    'rate(1 days)',
    'rate(0 days)',
    'rate(1 week)',
    '',
    'cron(0 3 * * *)',
    'cron(0 3 * * * *)',
    'cron(0 3 ? * ? *)',
    'cron(60 3 * * ? *)',
    'cron(0 24 * * ? *)',
    'cron(0 3 0 * ? *)',
    'cron(0 3 * 13 ? *)',
    'cron(0 3 ? * 0 *)',
    'cron(0 3 ? * MONDAY *)',
    'cron(0/0 3 * * ? *)',
    'cron(0 1-2-3 * * ? *)',
    'cron(0 3, * * ? *)',
  ])('refuses the schedule %j, which EventBridge would refuse only at deploy', (schedule) => {
    expect(mistakesOf(() => checkParts(sampleConfig, { schedule }))).toEqual([
      expect.stringMatching(/^settings #\/schedule must be such as .* cron\(0 3 \* \* \? \*\)/),
    ]);
  });

  it.each([
    'rate(1 day)',
    'rate(12 hours)',
    'cron(0 3 * * ? *)',
    'cron(0/15 8-18,20 ? * MON-FRI *)',
    'cron(0 3 L * ? *)',
    'cron(0 3 15W JAN,JUL ? 2026-2030)',
    'cron(0 3 ? * 2#1 *)',
    false,
  ] as const)('takes the schedule %j', (schedule) => {
    expect(checkParts(sampleConfig, { schedule }).settings.schedule).toBe(schedule);
  });

  it('takes no alarm for what is not counted', () => {
    expect(mistakesOf(() => checkParts(sampleConfig, { census: false, stuckAlarm: 5 }))).toEqual([
      'settings #/stuckAlarm never goes off, because census is false',
    ]);
    expect(checkParts(sampleConfig, { stuckAlarm: 5 }).settings.census).toBe('rate(1 hour)');
  });

  it('takes no link to the runbook that alarms have no room for', () => {
    const runbookUrl = `https://wiki.example.com/${'a'.repeat(1_000)}`;
    expect(mistakesOf(() => checkParts(sampleConfig, { runbookUrl }))).toEqual([
      'settings #/runbookUrl must not be longer than 800 characters',
    ]);
  });

  it('names what is wrong in a reservation, and takes none', () => {
    const reserved = (reservedConcurrency: unknown) => () =>
      checkParts(sampleConfig, { reservedConcurrency });
    expect(mistakesOf(reserved({ triger: 10, cleanup: 1 }))).toEqual([
      'settings #/reservedConcurrency/cleanup must be a whole number from 2 to 900',
      'settings #/reservedConcurrency/triger is not a known member',
    ]);
    expect(mistakesOf(reserved(true))).toEqual(['settings #/reservedConcurrency must be an object']);
    expect(reserved(false)().settings.reservedConcurrency).toBe(false);
  });

  it('refuses a configuration that does not fit into a function’s environment', () => {
    const flows = Array.from({ length: 40 }, (_, index) => ({
      alias: `flow${index}`,
      sid: `FW${String(index).padStart(32, '0')}`,
    }));
    expect(mistakesOf(() => checkParts({ flows }, {}))).toEqual([
      expect.stringMatching(/^config # is \d+ bytes of JSON; a function has room for 3000$/),
    ]);
  });
});

describe('stages', () => {
  const staged = {
    config: sampleConfig,
    deployment: {
      logRetentionDays: 7,
      stages: {
        prod: { logRetentionDays: 365, config: { publicUrl: 'https://studio.example.com' } },
        test: { schedule: false },
      },
    },
  };

  it('take what they have otherwise, and the rest from the common part', () => {
    const prod = checkInfraConfig(staged, 'prod');
    expect(prod.settings).toMatchObject({ logRetentionDays: 365, schedule: 'rate(1 day)' });
    expect(prod.config).toMatchObject({
      publicUrl: 'https://studio.example.com',
      flows: [{ alias: 'welcome' }],
    });
    expect(checkInfraConfig(staged, 'test').settings).toMatchObject({ logRetentionDays: 7, schedule: false });
    expect(checkInfraConfig(staged, undefined).settings.logRetentionDays).toBe(7);
  });

  it('must exist: a slip of the keyboard deploys no new stack', () => {
    expect(mistakesOf(() => checkInfraConfig(staged, 'prd'))).toEqual([
      'deployment #/stages has no stage "prd", which -c stage asks for',
    ]);
  });

  it('are checked even when another one is deployed', () => {
    const broken = {
      config: sampleConfig,
      deployment: { stages: { prod: { config: { flows: [] } }, test: {} } },
    };
    expect(mistakesOf(() => checkInfraConfig(broken, 'test'))).toEqual([
      'the config of stage prod #/flows must list at least one flow',
    ]);
  });
});

describe('synth', () => {
  it('ends with the mistakes and without a stack trace', async () => {
    const { code, stderr } = await run({ CDK_CONTEXT_JSON: JSON.stringify({ stage: 'prd' }) });
    expect(code).toBe(1);
    expect(stderr).toContain('deployment #/stages has no stage "prd"');
    expect(stderr).not.toContain('    at ');
  });

  it('sets aside what the deployment found room for', { timeout: 60_000 }, async () => {
    const outdir = mkdtempSync(join(tmpdir(), 'synth-'));
    try {
      const env = { CDK_CONTEXT_JSON: JSON.stringify({ reserve: 'true' }), CDK_OUTDIR: outdir };
      expect(await run(env)).toMatchObject({ code: 0 });
      const template = JSON.parse(readFileSync(join(outdir, 'StudioExecutions.template.json'), 'utf8'));
      expect(template.Outputs.ReservedConcurrency.Value).toBe('25');
    } finally {
      rmSync(outdir, { recursive: true });
    }
  });
});

function run(env: Record<string, string>): Promise<{ code: unknown; stderr: string }> {
  const app = fileURLToPath(new URL('../../../infra/app.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [app], { env: { ...process.env, ...env } }, (error, _stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    );
  });
}
