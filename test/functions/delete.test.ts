import { describe, expect, test } from 'vitest';
import { worldWithOneActive } from './harness.ts';

const { studio, call, execution } = await worldWithOneActive();
const remove = (query = '') => call('DELETE', `${execution.path}${query}`);

describe('the built delete function', () => {
  test('deletes in spite of an answer that was lost after the work was done', async () => {
    studio.store.end(execution.sid);
    studio.behave({ faults: [{ kind: 'cut', work: 'done', times: 1, operations: ['DeleteExecution'] }] });
    const { status, body } = await remove();
    expect([status, body.sid]).toEqual([200, execution.sid]);
    expect(studio.store.find(execution.sid)?.status).toBe('deleted');
  });

  test('ends an active one first where a delete of an active one is refused', async () => {
    studio.behave({ deleteActive: 'conflict' });
    expect((await remove()).body.type).toBe('/problems/still-active');
    expect((await remove('?end=true')).body).toEqual({ outcome: 'deleted', sid: execution.sid });
  });

  test('leaves it alone when Studio cannot be asked how it stands', async () => {
    studio.behave({ faults: [{ kind: 'error', operations: ['FetchExecution'] }] });
    const { status, body, headers } = await remove('?end=true');
    expect([status, body.type]).toEqual([503, '/problems/studio-unavailable']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(studio.store.find(execution.sid)?.status).toBe('active');
  });
});
