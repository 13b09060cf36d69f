import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway } from '../../../../infra/local/gateway/gateway.ts';
import type { Listening } from '../../../../infra/local/http.ts';

let gateway: Listening;
beforeAll(async () => {
  gateway = await startGateway({
    routes: {},
    unmatched: 'query',
    invoke: async () => ({ outcome: 'answered', payload: '{"statusCode":404}' }),
  });
});
afterAll(() => gateway.close());

const get = (path: string) => fetch(`${gateway.url}${path}`);

describe('the page at /docs', () => {
  it('shows the served OpenAPI document', async () => {
    const page = await get('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await (await get('/docs/start.js')).text()).toContain("url: '/openapi.json'");
  });

  it('has every file that it asks for, with its type, and asks no other server', async () => {
    const html = await (await get('/docs')).text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file);
    expect(files).toHaveLength(4);
    for (const file of files) {
      expect(file).toMatch(/^\/docs\//);
      const { status, headers } = await get(file);
      expect([file, status]).toEqual([file, 200]);
      expect(headers.get('content-type')).toMatch(/^(text\/css|text\/javascript|image\/png)$/);
    }
  });

  it('gives out no other file', async () => {
    for (const path of ['/docs/package.json', '/docs/..%2fpackage.json', '/docs/constructor'])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
  });
});
