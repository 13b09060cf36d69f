import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startWorld, WELCOME, type World } from '../infra/local/fixtures/world.ts';

let world: World;
let path = '';
let sid = '';

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.local.close());
beforeEach(() => {
  world.studio.reset();
  world.studio.store.seed({ flowSid: WELCOME, count: 1, activeShare: 1 });
  sid = [...world.studio.store.list()][0]?.sid ?? '';
  path = `/flows/welcome/executions/${sid}`;
});

describe('the built delete function', () => {
  test('deletes in spite of an answer that was lost after the work was done', async () => {
    world.studio.store.end(sid);
    world.studio.behave({
      faults: [{ kind: 'cut', work: 'done', times: 1, operations: ['DeleteExecution'] }],
    });
    const { status, body } = await world.call('DELETE', path);
    expect([status, body.sid]).toEqual([200, sid]);
    expect(world.studio.store.find(sid)?.status).toBe('deleted');
  });

  test('ends an active one first where a delete of an active one is refused', async () => {
    world.studio.behave({ deleteActive: 'conflict' });
    expect((await world.call('DELETE', path)).body.type).toBe('/problems/still-active');
    expect((await world.call('DELETE', `${path}?end=true`)).body).toEqual({ outcome: 'deleted', sid });
  });

  test('leaves it alone when Studio cannot be asked how it stands', async () => {
    world.studio.behave({ faults: [{ kind: 'error', operations: ['FetchExecution'] }] });
    const { status, body, headers } = await world.call('DELETE', `${path}?end=true`);
    expect([status, body.type]).toEqual([503, '/problems/studio-unavailable']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(world.studio.store.find(sid)?.status).toBe('active');
  });
});
