import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../infra/cli/arguments.ts';
import { targetOf } from '../../../infra/cli/target.ts';
import { somebody } from '../../support/cli/terminal.ts';

const REMOTE = 'https://abc.execute-api.eu-west-1.amazonaws.com';

describe('the target', () => {
  it('is the local run with its own token unless something else is said', async () => {
    const io = somebody({ env: { STUDIO_API_TOKEN: 'of-production' } });
    expect(await targetOf(undefined, io)).toEqual({ url: 'http://127.0.0.1:3000', token: 'local-admin' });
    expect(await targetOf('http://localhost:4000/', io)).toEqual({
      url: 'http://localhost:4000',
      token: 'of-production',
    });
  });

  it('is where the local run is that PORT puts elsewhere', async () => {
    const io = somebody({ env: { PORT: '3113', STUDIO_API_TOKEN: 'of-production' } });
    expect(await targetOf(undefined, io)).toEqual({ url: 'http://127.0.0.1:3113', token: 'local-admin' });
  });

  it('is what STUDIO_API_URL says, and --url goes before it', async () => {
    const env = { STUDIO_API_URL: REMOTE, STUDIO_API_TOKEN: 't' };
    expect(await targetOf(undefined, somebody({ env }))).toEqual({ url: REMOTE, token: 't' });
    expect((await targetOf(`${REMOTE}/v1/`, somebody({ env }))).url).toBe(`${REMOTE}/v1`);
  });

  it('has its token asked for without echo where the environment holds none', async () => {
    const io = somebody({ answers: [' secret-token '] });
    expect(await targetOf(REMOTE, io)).toEqual({ url: REMOTE, token: 'secret-token' });
    expect(io.asked).toMatchObject([{ hidden: true }]);
  });

  it('is refused without a token and without a terminal', async () => {
    await expect(targetOf(REMOTE, somebody({ interactive: false }))).rejects.toThrow(UsageError);
    await expect(targetOf(REMOTE, somebody({ answers: [''] }))).rejects.toThrow('no token');
  });

  it.each([
    ['http://example.com', 'must be https'],
    ['https://a:b@example.com', 'must hold no credentials'],
    ['https://example.com/?x=1', 'nothing after its path'],
    ['ftp://example.com', 'must be an http or https URL'],
    ['example.com', 'must be an http or https URL'],
    ['http://127.0.0.1.example.com', 'must be https'],
  ])('may not be %s', async (url, mistake) => {
    await expect(targetOf(url, somebody())).rejects.toThrow(mistake);
  });
});
