import { expect, test } from 'vitest';
import { readSecret } from '../../../../lib/config/secret.ts';
import { bearerToken, findBearer } from '../../../../lib/http/auth/authenticate.ts';
import { secretInput } from '../../../support/http/api.ts';

const secret = readSecret(JSON.stringify(secretInput));

test('a token is its caller’s, and nothing near it is anybody’s', () => {
  expect(findBearer(secret, 'admin-token')?.name).toBe('admin');
  expect(findBearer(secret, 'reader-token')?.name).toBe('reader');
  for (const wrong of ['', 'admin-toke', 'admin-token ', 'Admin-token', 'x'.repeat(5_000)])
    expect(findBearer(secret, wrong)).toBeNull();
});

test('a token that two callers have is the first one’s', () => {
  const callers = [...secretInput.callers, { name: 'last', token: 'admin-token', scopes: ['read'] }];
  expect(findBearer(readSecret(JSON.stringify({ ...secretInput, callers })), 'admin-token')?.name).toBe(
    'admin',
  );
});

test('the scheme is read in any case, and other schemes are not ours', () => {
  expect(bearerToken('Bearer abc')).toBe('abc');
  expect(bearerToken('bearer   abc ')).toBe('abc');
  for (const none of [undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearerabc'])
    expect(bearerToken(none)).toBeNull();
});
