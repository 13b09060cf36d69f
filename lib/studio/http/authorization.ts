import type { Credentials } from '../types.ts';

/** The header for HTTP Basic (RFC 7617); encoded once for as long as the credentials stay the same. */
export function createAuthorization(): (credentials: Credentials) => string {
  let last = { username: '', password: '', value: '' };
  return ({ username, password }) => {
    if (last.value === '' || username !== last.username || password !== last.password) {
      const value = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
      last = { username, password, value };
    }
    return last.value;
  };
}
