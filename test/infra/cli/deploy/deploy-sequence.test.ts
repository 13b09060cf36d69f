import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { runScript } from '../../../../infra/cli/deploy/cdk.ts';
import { accountConcurrency } from '../../../../infra/cli/deploy/concurrency.ts';
import { createDeploy } from '../../../../infra/cli/deploy/deploy.ts';
import { describeStack } from '../../../../infra/cli/stack.ts';
import { checkParts } from '../../../../infra/constructs/checked.ts';
import type { SettingsInput } from '../../../../infra/constructs/deployment-settings.ts';
import { somebody } from '../../../support/cli/terminal.ts';
import { onLoopback } from '../../../support/loopback.ts';
import { sampleConfig } from '../../../support/synthesized.ts';

/**
 * `npm run deploy` without an account: the real calls of AWS's SDK to a server that answers as CloudFormation and
 * Lambda do, and in place of the CDK a process that writes down what it is told.
 */

const CLOUDFORMATION = 'xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"';
const NOT_THERE: Answer = [400, refusal('ValidationError', 'Stack with id CDKToolkit does not exist')];
const DENIED: Answer = [
  403,
  refusal('AccessDenied', 'not authorized to perform: cloudformation:DescribeStacks'),
];
const EXPIRED: Answer = [
  403,
  refusal('ExpiredToken', 'The security token included in the request is expired'),
];

type Answer = [status: number, body: string];

function refusal(code: string, message: string): string {
  return `<ErrorResponse ${CLOUDFORMATION}><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
}

function stack(name: string, status = 'CREATE_COMPLETE'): Answer {
  const outputs = Object.entries({ ApiUrl: 'https://api.example.com', ReservedConcurrency: account.reserved })
    .map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    )
    .join('');
  return [
    200,
    `<DescribeStacksResponse ${CLOUDFORMATION}><DescribeStacksResult><Stacks><member><StackName>${name}</StackName>
      <StackStatus>${status}</StackStatus><CreationTime>2026-11-22T10:00:00Z</CreationTime><Outputs>${outputs}</Outputs>
    </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  ];
}

/** As Lambda says it; what is not unreserved is reserved by some function of the account. */
function limitOf(limit: number, unreserved = limit): Answer {
  const limits = { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: unreserved };
  return [200, JSON.stringify({ AccountLimit: limits })];
}

const account = {
  toolkit: NOT_THERE,
  stack: null as Answer | null,
  limit: limitOf(10),
  reserved: 0,
  isSilent: false,
};
const asked: string[] = [];
const server = createServer(async (request, response) => {
  if (account.isSilent) return;
  if (request.url?.endsWith('/account-settings')) {
    asked.push('GetAccountSettings');
    response.writeHead(account.limit[0], { 'content-type': 'application/json' }).end(account.limit[1]);
    return;
  }
  const name = new URLSearchParams(await text(request)).get('StackName') ?? '';
  asked.push(`DescribeStacks ${name}`);
  const [status, body] = name === 'CDKToolkit' ? account.toolkit : (account.stack ?? stack(name));
  response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
});

let folder: string;
const told = () => readFileSync(join(folder, 'told'), 'utf8').split('\n').filter(Boolean);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deploy-'));
  const { url } = await onLoopback(server);
  vi.stubEnv('AWS_ENDPOINT_URL', url);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  writeFileSync(
    join(folder, 'cdk.mjs'),
    `import { appendFileSync } from 'node:fs';
     const [command, ...rest] = process.argv.slice(2);
     appendFileSync(${JSON.stringify(join(folder, 'told'))}, [command, ...rest].join(' ') + '\\n');
     process.exit(command === process.env.FAILING_COMMAND ? 3 : 0);`,
  );
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  writeFileSync(join(folder, 'told'), '');
  asked.length = 0;
  Object.assign(account, {
    toolkit: stack('CDKToolkit'),
    stack: null,
    isSilent: false,
    reserved: 0,
    limit: limitOf(1_000),
  });
});

function deploy(settings: SettingsInput = {}, timeoutMs?: number) {
  return createDeploy({
    check: () => checkParts(sampleConfig, settings),
    build: async () => undefined,
    cdk: (args) => runScript(join(folder, 'cdk.mjs'), args),
    describe: (name) => describeStack(name, timeoutMs),
    concurrency: () => accountConcurrency(timeoutMs),
  });
}

describe('npm run deploy', () => {
  test('looks, shows, asks and deploys, and says what comes next', async () => {
    const who = somebody({ answers: ['y'] });
    expect(await who.run(deploy())).toBe(0);
    expect(asked).toEqual([
      'DescribeStacks CDKToolkit',
      'DescribeStacks StudioExecutions',
      'GetAccountSettings',
      'DescribeStacks StudioExecutions',
    ]);
    expect(told().map((line) => line.split(' ')[0])).toEqual(['synth', 'diff', 'deploy']);
    expect(told()[0]).toBe('synth --quiet -c reserve=true');
    expect(who.said()).toContain('Of the 1,000 functions that the account may run at once');
    expect(who.said()).toContain('Deployed: https://api.example.com');
  });

  test('sets aside again what it finds set aside, though by that the account has less', async () => {
    account.limit = limitOf(1_000, 110);
    account.reserved = 25;
    expect(await somebody().run(deploy(), '--yes')).toBe(0);
    expect(told()[0]).toBe('synth --quiet -c reserve=true');
  });

  test('deploys nothing when the answer is no', async () => {
    expect(await somebody({ answers: ['n'] }).run(deploy())).toBe(1);
    expect(told().map((line) => line.split(' ')[0])).toEqual(['synth', 'diff']);
  });

  test.each([
    ['was never bootstrapped', NOT_THERE, /never bootstrapped: there is no stack CDKToolkit/],
    [
      'has a broken bootstrap',
      stack('CDKToolkit', 'UPDATE_ROLLBACK_FAILED'),
      /is UPDATE_ROLLBACK_FAILED: repair it/,
    ],
    ['does not take the credentials any more', EXPIRED, /sign in again/],
  ])('shows and deploys nothing where the account %s', async (_what, toolkit, complaint) => {
    account.toolkit = toolkit;
    const who = somebody();
    expect(await who.run(deploy(), '--yes')).toBe(1);
    expect(who.complained()).toMatch(complaint);
    expect(told()).toEqual([]);
  });

  test('goes on for who may deploy and may look at nothing', async () => {
    account.toolkit = DENIED;
    account.limit = [403, '{"__type":"AccessDeniedException","message":"not authorized"}'];
    const who = somebody();
    expect(await who.run(deploy({ reservedConcurrency: { trigger: 10 } }), '--yes')).toBe(0);
    expect(who.said()).toContain('Whether the account is bootstrapped could not be looked up');
    expect(who.said()).toContain('These AWS credentials may not do this.');
    expect(told()).toHaveLength(3);
  });

  const PROXY = '<html><body>Please sign in</body></html>';

  test.each<[string, Answer]>([
    ['throttling', [429, '{"__type":"TooManyRequestsException","Message":"Rate exceeded"}']],
    ['an error of its own', [500, '{"__type":"ServiceException"}']],
    ['an error without a word', [503, '']],
    ['a proxy’s page', [200, PROXY]],
    ['a proxy’s error', [502, PROXY]],
    ['expired credentials', [403, '{"__type":"ExpiredTokenException","message":"expired"}']],
    ['nothing in it', [200, '{}']],
    ['no object', [200, 'null']],
    ['a limit that is no number', [200, '{"AccountLimit":{"ConcurrentExecutions":"many"}}']],
  ])('goes on without advice where Lambda answers the account’s limit with %s', async (_what, answer) => {
    account.limit = answer;
    account.reserved = 25;
    const who = somebody();
    expect(await who.run(deploy(), '--yes')).toBe(0);
    expect(who.said()).toMatch(
      /could not be looked up\.\n {2}(AWS|These AWS)[^\n]*\n {2}What is set aside stays/,
    );
    expect(who.said()).not.toContain('Deserialization');
    expect(told()[0]).toBe('synth --quiet -c reserve=true');
    expect(told()).toHaveLength(3);
  });

  test.each<[string, Answer]>([
    ['throttling', [400, refusal('Throttling', 'Rate exceeded')]],
    ['an error without a word', [503, '']],
    ['a proxy’s page', [200, PROXY]],
    ['a proxy’s error', [502, PROXY]],
  ])('goes on where CloudFormation answers with %s', async (_what, answer) => {
    account.toolkit = answer;
    account.stack = answer;
    const who = somebody();
    expect(await who.run(deploy(), '--yes')).toBe(0);
    expect(who.said()).toContain('Whether the account is bootstrapped could not be looked up');
    expect(told()).toHaveLength(3);
  });

  test('goes on where AWS never answers', async () => {
    account.isSilent = true;
    const who = somebody();
    expect(await who.run(deploy({}, 50), '--yes')).toBe(0);
    expect(who.said()).toContain('AWS gave no answer in');
    expect(told()).toHaveLength(3);
  });

  test('stops before a deployment that would fail for want of concurrency', async () => {
    account.limit = limitOf(10);
    const who = somebody();
    expect(await who.run(deploy({ reservedConcurrency: { trigger: 10 } }), '--yes')).toBe(1);
    expect(who.complained()).toContain('the account has 0 to set aside');
    expect(told()).toEqual([]);
  });

  test.each(['synth', 'diff', 'deploy'])('ends with 1 where cdk %s does not end with 0', async (command) => {
    vi.stubEnv('FAILING_COMMAND', command);
    const who = somebody();
    expect(await who.run(deploy(), '--yes')).toBe(1);
    expect(who.complained()).toContain(`cdk ${command} ended with 3.`);
    expect(told().at(-1)).toMatch(new RegExp(`^${command} `));
    vi.stubEnv('FAILING_COMMAND', '');
  });
});
