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
  path = `/flows/welcome/executions/${sid}/end`;
});

const calls = () => world.studio.requests.filter(({ method }) => method === 'POST').length;

describe('the built end function', () => {
  test.each([
    ['429', { kind: 'throttle' as const, times: 2 }, 'ended'],
    ['503', { kind: 'error' as const, times: 2 }, 'ended'],
    [
      'an answer that was lost after the work was done',
      { kind: 'cut' as const, work: 'done' as const, times: 1 },
      'already-ended',
    ],
  ])('ends it in spite of %s', async (_, fault, outcome) => {
    world.studio.behave({ faults: [{ ...fault, operations: ['UpdateExecution'] }] });
    const { status, body } = await world.call('POST', path);
    expect([status, body.outcome, body.execution.status]).toEqual([200, outcome, 'ended']);
    expect(world.studio.store.find(sid)?.status).toBe('ended');
    expect(calls()).toBeGreaterThan(1);
  });

  test('asks nothing upstream for a caller without the scope, and for a flow that is not configured', async () => {
    expect((await world.call('POST', path, { token: 'local-reader' })).status).toBe(403);
    expect((await world.call('POST', path.replace('welcome', 'nobody'))).status).toBe(404);
    expect(world.studio.requests).toEqual([]);
    expect(world.studio.store.find(sid)?.status).toBe('active');
  });
});
