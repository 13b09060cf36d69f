import { expect, test } from 'vitest';
import { readEnvironment } from '../../../lib/aws/environment.ts';
import { ConfigError } from '../../../lib/config/configuration.ts';

const whole = { AWS_REGION: 'eu-central-1', STUDIO_SECRET_ID: 'studio', STUDIO_TABLE: 'table' };

function mistakesOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError)
      return error.mistakes.map(({ pointer, detail }) => `${pointer} ${detail}`);
    throw error;
  }
  return [];
}

test('reads what a function needs and leaves out what nobody gave', () => {
  expect(readEnvironment(whole, ['table'])).toEqual({
    region: 'eu-central-1',
    secretId: 'studio',
    studioBaseUrl: undefined,
    iamScopes: null,
    iamFlows: null,
    table: 'table',
    archiveBucket: undefined,
    cleanupFunction: undefined,
  });
});

test('names every missing and wrong variable at once, and repeats no value', () => {
  const mistakes = mistakesOf(() =>
    readEnvironment({ STUDIO_BASE_URL: 'ftp://private', STUDIO_TABLE: '' }, ['table', 'archiveBucket']),
  );
  expect(mistakes).toEqual([
    '#/AWS_REGION is missing',
    '#/STUDIO_SECRET_ID is missing',
    '#/STUDIO_BASE_URL must be an http or https URL',
    '#/STUDIO_TABLE is missing',
    '#/STUDIO_ARCHIVE_BUCKET is missing',
  ]);
});

test('asks for nothing that a function does not need', () => {
  expect(mistakesOf(() => readEnvironment({ ...whole, STUDIO_TABLE: undefined }, []))).toEqual([]);
});

test('reads the flows of IAM callers', () => {
  expect(readEnvironment({ ...whole, STUDIO_IAM_FLOWS: 'welcome, FW1' }, []).iamFlows).toEqual([
    'welcome',
    'FW1',
  ]);
});

test('reads the scopes of IAM callers, and refuses one that does not exist', () => {
  const granted = readEnvironment({ ...whole, STUDIO_IAM_SCOPES: 'read, trigger' }, []).iamScopes;
  expect(granted).toEqual(['read', 'trigger']);
  const mistakes = mistakesOf(() => readEnvironment({ ...whole, STUDIO_IAM_SCOPES: 'read,write' }, []));
  expect(mistakes).toHaveLength(1);
  expect(mistakes[0]).toMatch(/^#\/STUDIO_IAM_SCOPES/);
});
