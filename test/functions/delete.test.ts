import { describe, expect, test } from 'vitest';
import { worldWithOneActive } from '../support/functions.ts';

const { studio, call, execution } = await worldWithOneActive();
const remove = (query = '') => call('DELETE', `${execution.path}${query}`);

describe('the built delete function', () => {
  test.each([
    ['an answer that was lost', { kind: 'cut' }],
    ['a page in its place', { kind: 'html', status: 200 }],
    ['a page in place of an error', { kind: 'html', status: 502 }],
  ] as const)('has deleted it in spite of %s, after the work was done', async (_, fault) => {
    studio.store.end(execution.sid);
    studio.behave({ faults: [{ ...fault, work: 'done', operations: ['DeleteExecution'], times: 1 }] });
    expect((await remove()).body).toEqual({ outcome: 'deleted', sid: execution.sid });
    expect(studio.store.find(execution.sid)?.status).toBe('deleted');
    expect((await remove()).body).toEqual({ outcome: 'already-gone', sid: execution.sid });
  });

  test('has deleted it where every delete is answered with a page, and the execution with 404 then', async () => {
    studio.store.end(execution.sid);
    studio.behave({
      faults: [{ kind: 'html', status: 200, work: 'done', operations: ['DeleteExecution'] }],
    });
    expect((await remove()).body).toEqual({ outcome: 'deleted', sid: execution.sid });
  });

  test('does not say so of what a page only pretends to have deleted', async () => {
    studio.store.end(execution.sid);
    studio.behave({ faults: [{ kind: 'html', status: 200, operations: ['DeleteExecution'] }] });
    expect((await remove()).body.type).toBe('/problems/studio-answered-nonsense');
    expect(studio.store.find(execution.sid)?.status).toBe('ended');
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
