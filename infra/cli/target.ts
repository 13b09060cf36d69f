import { LOCAL_ADMIN } from '../local/caller-tokens.ts';
import { LOOPBACK } from '../local/http.ts';
import { DEFAULT_PORT } from '../local/settings.ts';
import { UsageError } from './arguments.ts';
import type { Io } from './io.ts';

/** The address of the API, and the token for it. */
export type Target = { url: string; token: string };

/** Returns `--url`, else `STUDIO_API_URL`, else the local run at `PORT`. Throws a UsageError. */
export function urlOf(given: string | undefined, { env }: Pick<Io, 'env'>): string {
  const local = `http://${LOOPBACK}:${env['PORT'] || DEFAULT_PORT}`;
  const [name, url] = given ? ['--url', given] : ['STUDIO_API_URL', env['STUDIO_API_URL'] || local];
  const mistake = mistakeInUrl(url);
  if (mistake !== null) throw new UsageError([`${name} ${mistake}`]);
  return url.replace(/\/+$/, '');
}

export function mistakeInUrl(text: string): string | null {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an http or https URL';
  if (url.username || url.password) return 'must hold no credentials: they go into STUDIO_API_TOKEN';
  if (url.search || url.hash) return 'must be the address of the API, with nothing after its path';
  if (url.protocol === 'http:' && !isLocal(text))
    return 'must be https, because http would send the token unencrypted';
  return null;
}

/**
 * Takes the token from `STUDIO_API_TOKEN`, else the local run's own, else asks. Never from the command line.
 */
export async function targetOf(given: string | undefined, io: Io): Promise<Target> {
  const url = urlOf(given, io);
  const isDefault = !given && !io.env['STUDIO_API_URL'];
  const fromEnvironment = isDefault ? undefined : io.env['STUDIO_API_TOKEN'];
  if (fromEnvironment) return { url, token: fromEnvironment };
  if (isLocal(url)) return { url, token: LOCAL_ADMIN };
  if (!io.interactive)
    throw new UsageError(['STUDIO_API_TOKEN is not set, and there is no terminal to ask for a token']);
  const token = (await io.ask(`Token for ${url} (not shown): `, { hidden: true }))?.trim();
  if (!token) throw new UsageError(['no token was given']);
  return { url, token };
}

/** Whether the address is on this machine. */
export function isLocal(url: string): boolean {
  const hostname = URL.parse(url)?.hostname ?? '';
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
