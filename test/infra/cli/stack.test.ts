import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { describeStack, outputOf } from '../../../infra/cli/stack.ts';

/** The deployed stack, from answers as CloudFormation gives them. */

let server: Server;
let answer: { status: number; body: string };
const asked: URLSearchParams[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push(new URLSearchParams(body));
    response.writeHead(answer.status, { 'content-type': 'text/xml' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', `http://127.0.0.1:${port}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  asked.length = 0;
});

const described = (outputs: Record<string, string>) => ({
  status: 200,
  body: `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
    <StackName>StudioExecutions</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-22T10:00:00Z</CreationTime>
    <Outputs>${Object.entries(outputs)
      .map(
        ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
      )
      .join('')}</Outputs>
    </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
});
const refused = (code: string, message: string) => ({
  status: code === 'ValidationError' ? 400 : 403,
  body: `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
});

test('is described with its status and outputs', async () => {
  answer = described({ ApiUrl: 'https://example.com', SecretArn: 'arn:1' });
  const stack = await describeStack('StudioExecutions');
  expect(stack).toEqual({
    status: 'CREATE_COMPLETE',
    outputs: new Map([
      ['ApiUrl', 'https://example.com'],
      ['SecretArn', 'arn:1'],
    ]),
  });
  expect(asked[0]?.get('StackName')).toBe('StudioExecutions');
});

test('that is not there is none', async () => {
  answer = refused('ValidationError', 'Stack with id CDKToolkit does not exist');
  expect(await describeStack('CDKToolkit')).toBeNull();
  const looked = { given: undefined, option: '--secret-id', stage: 'prod' };
  await expect(outputOf('SecretArn', looked)).rejects.toThrow(
    'There is no deployed stack StudioExecutions-prod with the output SecretArn',
  );
});

test('that may not be looked at says so', async () => {
  answer = refused('AccessDenied', 'User is not authorized to perform: cloudformation:DescribeStacks');
  await expect(describeStack('StudioExecutions')).rejects.toThrow('These AWS credentials may not do this.');
});

test('is not asked where the value was given', async () => {
  expect(await outputOf('SecretArn', { given: 'mine', option: '--secret-id', stage: undefined })).toBe(
    'mine',
  );
  const both = { given: 'mine', option: '--secret-id', stage: 'prod' };
  await expect(outputOf('SecretArn', both)).rejects.toThrow('--stage does not go with --secret-id');
  expect(asked).toEqual([]);
});
