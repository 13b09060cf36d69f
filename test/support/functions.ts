import { beforeEach } from 'vitest';
import { WELCOME, worldOfFile } from './local/world.ts';

/** The built functions of a file's tests, over a Studio that has one active execution when a test begins. */
export async function worldWithOneActive() {
  const { studio, call } = await worldOfFile();
  const execution = { sid: '', path: '' };
  beforeEach(() => {
    studio.reset();
    studio.store.seed({ flowSid: WELCOME, count: 1, activeShare: 1 });
    execution.sid = [...studio.store.list()][0]?.sid ?? '';
    execution.path = `/flows/welcome/executions/${execution.sid}`;
  });
  return { studio, call, execution };
}
