import { describe, expect, test } from 'vitest';
import { readSettings } from '../../../infra/local/settings.ts';

const fileConfig = { flows: [{ alias: 'welcome', sid: `FW${'1'.repeat(32)}` }] };
const account = {
  TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`,
  TWILIO_API_KEY: `SK${'2'.repeat(32)}`,
  TWILIO_API_SECRET: 'theirs',
};

function settingsOf(env: Record<string, string>) {
  const read = readSettings(env, fileConfig);
  if (!read.ok) throw new Error(read.mistakes.join('; '));
  return read.settings;
}

function mistakesOf(env: Record<string, string>, config: unknown = fileConfig): string[] {
  const read = readSettings(env, config);
  return read.ok ? [] : read.mistakes;
}

describe('without variables', () => {
  test('it is port 3000, the file’s configuration, the simulated Studio and stand-ins for everything', () => {
    const settings = settingsOf({ PORT: '', HOME: '/somewhere' });
    expect(settings).toMatchObject({ port: 3000, studio: null, endpoints: {}, resources: {}, variables: {} });
    expect(settings.config.flows[0]).toMatchObject({ alias: 'welcome', onConflict: 'fail' });
  });
});

describe('Studio', () => {
  test('is Twilio’s with an account', () => {
    expect(settingsOf(account).studio).toEqual({
      account: {
        accountSid: account.TWILIO_ACCOUNT_SID,
        apiKeySid: account.TWILIO_API_KEY,
        apiKeySecret: 'theirs',
      },
    });
  });

  test('is another one by STUDIO_BASE_URL, with the simulated account or the one that is given', () => {
    const baseUrl = 'http://127.0.0.1:4010/twilio';
    expect(settingsOf({ STUDIO_BASE_URL: baseUrl }).studio).toEqual({
      baseUrl,
      account: {
        accountSid: `AC${'a'.repeat(32)}`,
        apiKeySid: `SK${'a'.repeat(32)}`,
        apiKeySecret: 'local',
      },
    });
    expect(settingsOf({ ...account, STUDIO_BASE_URL: baseUrl }).studio).toMatchObject({
      baseUrl,
      account: { apiKeySecret: 'theirs' },
    });
  });

  test('is not taken with half an account', () => {
    const { TWILIO_API_SECRET: _, ...half } = account;
    expect(mistakesOf(half)).toEqual([
      'TWILIO_API_SECRET is missing beside the other two of a Twilio account',
    ]);
  });
});

describe('AWS endpoints', () => {
  test('that are there already are taken, each by its own variable or all but Lambda by the one for all', () => {
    const { endpoints } = settingsOf({
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000',
    });
    expect(endpoints).toEqual({
      SECRETS_MANAGER: 'http://127.0.0.1:4566',
      DYNAMODB: 'http://127.0.0.1:8000',
      S3: 'http://127.0.0.1:4566',
    });
    const lambda = 'http://127.0.0.1:9001';
    expect(settingsOf({ AWS_ENDPOINT_URL_LAMBDA: lambda }).endpoints).toEqual({ LAMBDA: lambda });
  });

  test('take names and credentials with them, which stand-ins never see', () => {
    const env = {
      AWS_ACCESS_KEY_ID: 'AKIA',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_REGION: 'eu-west-1',
      STUDIO_TABLE: 'mine',
      STUDIO_SECRET_ID: 'my-secret',
    };
    expect(settingsOf(env).variables).toEqual({});
    const settings = settingsOf({ ...env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000' });
    expect(settings.variables).toEqual({
      AWS_ACCESS_KEY_ID: 'AKIA',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_REGION: 'eu-west-1',
    });
    expect(settings.resources).toEqual({ table: 'mine', secretId: 'my-secret' });
  });
});

describe('mistakes', () => {
  test('of a configuration are all named, and where they are', () => {
    const config = { flows: [{ alias: '1st', sid: 'FW1', from: '+0' }], policy: [] };
    expect(mistakesOf({ STUDIO_CONFIG: JSON.stringify(config) })).toEqual([
      expect.stringMatching(/^STUDIO_CONFIG #\/flows\/0\/alias must be /),
      expect.stringMatching(/^STUDIO_CONFIG #\/flows\/0\/sid must be /),
      expect.stringMatching(/^STUDIO_CONFIG #\/flows\/0\/from must be /),
      expect.stringMatching(/^STUDIO_CONFIG #\/policy is not a known member/),
    ]);
    expect(mistakesOf({}, { flows: [] })).toEqual(['infra/config.ts #/flows must list at least one flow']);
    expect(mistakesOf({ STUDIO_CONFIG: '{' })).toEqual(['STUDIO_CONFIG # is not JSON']);
  });

  test('of several kinds are named together', () => {
    const mistakes = mistakesOf({
      PORT: '70000',
      TWILIO_ACCOUNT_SID: 'AC1',
      AWS_ENDPOINT_URL_S3: 'localhost',
      STUDIO_BASE_URL: 'ftp://x',
      STUDIO_CONFIG: '{}',
    });
    expect(mistakes).toEqual([
      'PORT must be a port from 0 to 65535',
      'TWILIO_ACCOUNT_SID must be AC and 32 hexadecimal digits',
      'STUDIO_BASE_URL must be an http or https URL',
      'AWS_ENDPOINT_URL_S3 must be an http or https URL',
      'STUDIO_CONFIG #/flows is missing',
      'TWILIO_API_KEY is missing beside the other two of a Twilio account',
      'TWILIO_API_SECRET is missing beside the other two of a Twilio account',
    ]);
  });
});
