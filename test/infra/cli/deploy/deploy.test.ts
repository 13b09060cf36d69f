import { describe, expect, test } from 'vitest';
import { createDeploy } from '../../../../infra/cli/deploy/deploy.ts';
import type { Stack } from '../../../../infra/cli/stack.ts';
import { Failed } from '../../../../infra/cli/tool.ts';
import { checkParts } from '../../../../infra/constructs/checked.ts';
import type { SettingsInput } from '../../../../infra/constructs/deployment-settings.ts';
import { type Somebody, somebody } from '../../../support/cli/terminal.ts';
import { sampleConfig } from '../../../support/synthesized.ts';

/** `npm run deploy` with a CDK that only notes what it is told. */

const URL_OF_API = 'https://abc.execute-api.eu-west-1.amazonaws.com';

function deployment(
  options: {
    toolkit?: Stack | null;
    /** No stack may be looked at; or only the deployed one not. */
    denied?: boolean | 'deployed';
    fails?: string;
    stages?: string[];
    toolkitName?: string;
    /** What the account may run at once, all of it unreserved unless said; undefined: may not be asked. */
    limit?: number;
    unreserved?: number;
    /** What the deployed stack reserves. */
    held?: number;
    /** The deployed stack's other outputs. */
    outputs?: Record<string, string>;
    settings?: SettingsInput;
  } = {},
) {
  const { toolkit = { status: 'UPDATE_COMPLETE', outputs: new Map() }, toolkitName = 'CDKToolkit' } = options;
  const done: string[] = [];
  const tool = createDeploy({
    check(stage) {
      if (stage !== undefined && !options.stages?.includes(stage)) throw new Failed([`no stage ${stage}`]);
      return checkParts(sampleConfig, options.settings ?? {});
    },
    concurrency: async () => {
      const { limit, unreserved = limit } = options;
      if (limit === undefined || unreserved === undefined) throw new Failed(['Lambda says no.']);
      return { limit, unreserved };
    },
    build: async () => done.push('build'),
    cdk: async (args) => {
      done.push(`cdk ${args.join(' ')}`);
      return args[0] === options.fails ? 1 : 0;
    },
    describe: async (name) => {
      done.push(`describe ${name}`);
      if (options.denied === true || (options.denied && name !== toolkitName))
        throw new Failed(['no'], { cause: Object.assign(new Error('no'), { name: 'AccessDenied' }) });
      if (name === toolkitName) return toolkit;
      const ours = { ApiUrl: URL_OF_API, ReservedConcurrency: String(options.held ?? 0) };
      const outputs = options.outputs ?? ours;
      return { status: 'CREATE_COMPLETE', outputs: new Map(Object.entries(outputs)) };
    },
  });
  return { done, run: (who: Somebody, ...argv: string[]) => who.run(tool, ...argv) };
}

const APP = '--app ../.build/cdk.out';

test('looks at the account, builds, synthesizes, shows the difference, asks, and deploys what it has shown', async () => {
  const { done, run } = deployment();
  const who = somebody({ answers: ['y'] });
  expect(await run(who)).toBe(0);
  expect(done).toEqual([
    'describe CDKToolkit',
    'describe StudioExecutions',
    'build',
    'cdk synth --quiet',
    `cdk diff StudioExecutions ${APP}`,
    `cdk deploy StudioExecutions ${APP} --require-approval never`,
    'describe StudioExecutions',
  ]);
  expect(who.asked.map(({ question }) => question)).toEqual(['  Deploy StudioExecutions? [y/N] ']);
  expect(who.said()).toContain(`npm run smoke -- --url ${URL_OF_API}`);
});

test.each([
  ['--stage', 'prod'],
  ['-c', 'stage=prod'],
  ['--context', 'stage=prod'],
])('deploys a stage as a stack of its own: %s %s', async (...argv) => {
  const { done, run } = deployment({ stages: ['prod'] });
  const who = somebody();
  expect(await run(who, ...argv, '--yes')).toBe(0);
  expect(done).toContain('cdk synth --quiet -c stage=prod');
  expect(done).toContain(`cdk deploy StudioExecutions-prod ${APP} --require-approval never`);
  expect(who.said()).toContain('npm run secret -- --stage prod');
  expect(who.asked).toEqual([]);
});

test.each(['n', '', null])('deploys nothing when the answer is %j', async (answer) => {
  const { done, run } = deployment();
  expect(await run(somebody({ answers: [answer] }))).toBe(1);
  expect(done.some((one) => one.startsWith('cdk deploy'))).toBe(false);
});

describe('before anything is shown', () => {
  test('an account that was never bootstrapped is told how to', async () => {
    const { done, run } = deployment({ toolkit: null });
    const who = somebody();
    expect(await run(who, '--yes')).toBe(1);
    expect(who.complained()).toContain('there is no stack CDKToolkit');
    // Without the account and region the CDK wants an app beside it, and the app is in infra/.
    expect(who.complained()).toContain('npx cdk bootstrap aws://ACCOUNT/REGION\n');
    expect(done).not.toContain(`cdk diff StudioExecutions ${APP}`);
  });

  test('a stack of that name that belongs to something else is left alone, also with --yes', async () => {
    const { done, run } = deployment({ outputs: { WebsiteUrl: 'https://example.com' } });
    const who = somebody();
    expect(await run(who, '--yes')).toBe(1);
    expect(who.complained()).toContain(
      'There is a stack StudioExecutions in this account and region already',
    );
    expect(done).toEqual(['describe CDKToolkit', 'describe StudioExecutions']);
  });

  test('a stack without outputs, such as one whose first deployment failed, is deployed over', async () => {
    const { done, run } = deployment({ outputs: {} });
    expect(await run(somebody(), '--yes')).toBe(0);
    expect(done).toContain(`cdk deploy StudioExecutions ${APP} --require-approval never`);
  });

  test('a bootstrap that broke is told', async () => {
    const { run } = deployment({ toolkit: { status: 'ROLLBACK_COMPLETE', outputs: new Map() } });
    const who = somebody();
    expect(await run(who, '--yes')).toBe(1);
    expect(who.complained()).toContain('CDKToolkit is ROLLBACK_COMPLETE');
  });

  test('one who may not look at stacks is not kept from deploying', async () => {
    const { done, run } = deployment({ denied: true });
    const who = somebody();
    expect(await run(who, '--yes')).toBe(0);
    expect(who.said()).toContain('Whether the account is bootstrapped could not be looked up');
    expect(who.said()).toContain('Its address could not be looked up');
    expect(done).toContain(`cdk deploy StudioExecutions ${APP} --require-approval never`);
  });

  test('another name of the bootstrap stack is looked for, and handed on', async () => {
    const { done, run } = deployment({ toolkitName: 'OurToolkit' });
    expect(await run(somebody(), '--yes', '--toolkit-stack-name', 'OurToolkit')).toBe(0);
    expect(done).toContain(`cdk diff StudioExecutions ${APP} --toolkit-stack-name OurToolkit`);
  });

  test('a stage that the configuration does not know ends it', async () => {
    const { done, run } = deployment();
    expect(await run(somebody(), '--yes', '--stage', 'prod')).toBe(1);
    expect(done).toEqual([]);
  });

  test('an unknown stage is named also where there is no terminal', async () => {
    const who = somebody({ interactive: false });
    expect(await deployment().run(who, '--stage', 'prod')).toBe(1);
    expect(who.complained()).toContain('no stage prod');
  });

  test('without a terminal and without --yes nothing is even built', async () => {
    const { done, run } = deployment();
    const who = somebody({ interactive: false });
    expect(await run(who)).toBe(2);
    expect(who.complained()).toContain('--yes');
    expect(done).toEqual([]);
  });
});

describe('what the account may run at once', () => {
  const reserving = { reservedConcurrency: { trigger: 10, cleanup: 5 } };

  /** Whether the synth is told to reserve, and what is said of it. */
  async function plan(account: Parameters<typeof deployment>[0]) {
    const { done, run } = deployment(account);
    const who = somebody();
    expect(await run(who, '--yes')).toBe(0);
    return { isReserving: done.includes('cdk synth --quiet -c reserve=true'), said: who.said() };
  }

  test('is set aside for triggers and purges where there is enough, and that is said before anybody is asked', async () => {
    const { done, run } = deployment({ limit: 1_000, stages: ['prod'] });
    const who = somebody({ answers: ['n'] });
    expect(await run(who, '--stage', 'prod')).toBe(1);
    expect(done).toContain('cdk synth --quiet -c stage=prod -c reserve=true');
    expect(who.said()).toMatch(/Of the 1,000 functions .* 20 are set aside for triggers\n.* 5 for purges/);
  });

  test.each([
    ['it is enough to the run', { limit: 1_000, unreserved: 125 }, true],
    ['one run is missing', { limit: 1_000, unreserved: 124 }, false],
    ['what is missing is what was set aside before', { limit: 1_000, unreserved: 100, held: 25 }, true],
    ['others have set aside the rest since', { limit: 125, unreserved: 100, held: 25 }, true],
    ['the account was cut down', { limit: 110, unreserved: 85, held: 25 }, false],
    [
      'a burst is let in that it has not',
      { limit: 200, settings: { throttling: { triggerBurst: 96 } } },
      false,
    ],
  ])(
    'decides by what Lambda leaves to be reserved, and the same at every deployment: %s',
    async (_when, account, isReserving) => {
      expect(await plan(account)).toMatchObject({ isReserving });
    },
  );

  test('stays as it is where it cannot be looked up, and that is said', async () => {
    const why = 'could not be looked up.\n  Lambda says no.\n';
    expect(await plan({ held: 25 })).toMatchObject({
      isReserving: true,
      said: expect.stringContaining(`${why}  What is set aside stays for triggers and purges.`),
    });
    expect(await plan({})).toMatchObject({
      isReserving: false,
      said: expect.stringContaining(`${why}  Nothing is set aside for triggers and purges.`),
    });
    expect(await plan({ settings: reserving })).toMatchObject({
      isReserving: false,
      said: expect.stringContaining(
        `${why}  If it does not have the 15 runs that reservedConcurrency sets aside`,
      ),
    });
  });

  test.each([
    ['there is enough all the same', { limit: 1_000 }, true, /are set aside for triggers/],
    [
      'it may be enough with them',
      { limit: 110 },
      false,
      /Nothing is set aside for triggers and purges, even if it was before/,
    ],
    ['the settings decide', { limit: 110, settings: reserving }, false, /If it does not have the 15 runs/],
  ])(
    'is not taken for none where the stack’s own cannot be looked up: %s',
    async (_when, account, isReserving, said) => {
      expect(await plan({ ...account, denied: 'deployed' })).toEqual({
        isReserving,
        said: expect.stringMatching(said),
      });
    },
  );

  test.each([
    [
      'a new account is told to ask for more',
      10,
      /may run 10 functions at once, as new ones do: ask for more/,
    ],
    [
      'one with too little, how much it has',
      110,
      /may run 110 functions at once and has 10 to set aside, not 25/,
    ],
  ])('%s', async (_who, limit, said) => {
    expect(await plan({ limit })).toEqual({ isReserving: false, said: expect.stringMatching(said) });
  });

  test.each([
    ['numbers', reserving, 115],
    ['none', { reservedConcurrency: false as const }, 10],
    ['none, and nothing can be looked up', { reservedConcurrency: false as const }, undefined],
  ])('is left to what the configuration says: %s', async (_what, settings, limit) => {
    const { isReserving, said } = await plan({ settings, ...(limit !== undefined && { limit }) });
    expect(isReserving).toBe(false);
    expect(said).not.toMatch(/at once|set aside/);
  });

  test.each([
    ['a new account has too little to reserve', { limit: 10 }, 0],
    ['what is left is less than Lambda keeps free', { limit: 114 }, 14],
    ['others have reserved the rest', { limit: 1_000, unreserved: 110 }, 10],
  ])('ends it before the deployment would fail half-way: %s', async (_why, account, free) => {
    const { done, run } = deployment({ ...account, settings: reserving });
    const who = somebody();
    expect(await run(who, '--yes')).toBe(1);
    expect(who.complained()).toContain(
      `sets 15 runs at once aside, and the account has ${free} to set aside`,
    );
    expect(done.filter((one) => !one.startsWith('describe'))).toEqual([]);
  });

  test('that was set aside before may be set aside otherwise', async () => {
    expect(await plan({ limit: 1_000, unreserved: 100, held: 15, settings: reserving })).toMatchObject({
      isReserving: false,
    });
  });
});

test.each(['synth', 'diff', 'deploy'])('a cdk %s that fails ends it with 1', async (fails) => {
  const { done, run } = deployment({ fails });
  const who = somebody({ answers: ['y'] });
  expect(await run(who)).toBe(1);
  expect(done.at(-1)).toContain(`cdk ${fails}`);
  expect(who.complained()).toContain(`cdk ${fails} ended with 1.`);
});

test('every mistake in the arguments is named at once', async () => {
  const who = somebody();
  expect(await deployment().run(who, '--stage', 'Prod', '-c', 'x=y', '--force', 'all')).toBe(2);
  for (const part of ['--stage must be', '-c takes stage=NAME only', '--force is not known'])
    expect(who.complained()).toContain(part);
  const two = somebody();
  expect(await deployment({ stages: ['a', 'b'] }).run(two, '--stage', 'a', '-c', 'stage=b')).toBe(2);
});
