import { describe, expect, test } from 'vitest';
import { worldWithOneActive } from '../support/functions.ts';

const { studio, call, execution } = await worldWithOneActive();
const end = (path = execution.path, token = 'local-admin') => call('POST', `${path}/end`, { token });

describe('the built end function', () => {
  test.each([
    ['429', { kind: 'throttle' as const, times: 2 }],
    ['503', { kind: 'error' as const, times: 2 }],
    [
      'an answer that was lost after the work was done',
      { kind: 'cut' as const, work: 'done' as const, times: 1 },
    ],
  ])('ends it in spite of %s', async (_, fault) => {
    studio.behave({ faults: [{ ...fault, operations: ['UpdateExecution'] }] });
    const { status, body } = await end();
    expect([status, body.outcome, body.execution.status]).toEqual([200, 'ended', 'ended']);
    expect(studio.store.find(execution.sid)?.status).toBe('ended');
    expect(studio.requests.filter(({ method }) => method === 'POST').length).toBeGreaterThan(1);
  });

  test('asks nothing upstream for a caller without the scope, and for a flow that is not configured', async () => {
    expect((await end(execution.path, 'local-reader')).status).toBe(403);
    expect((await end(execution.path.replace('welcome', 'nobody'))).status).toBe(404);
    expect(studio.requests).toEqual([]);
    expect(studio.store.find(execution.sid)?.status).toBe('active');
  });
});
