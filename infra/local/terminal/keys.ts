import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

/** The part of `process.stdin` that is needed, when it is a terminal. */
export type KeyStream = {
  setRawMode(raw: boolean): unknown;
  setEncoding(encoding: 'utf8'): unknown;
  on(event: 'data', listener: (key: unknown) => void): unknown;
};

/** Whether keys can be read: in the background (`npm start &`), the kernel stops a process that does. */
export function canReadKeys(stdin: { isTTY?: boolean }, isForeground = ownsTerminal): boolean {
  return stdin.isTTY === true && isForeground();
}

/** Reads key by key. The terminal sends no signal for Ctrl-C then, so `stop` is called for it. */
export function readKeys(stdin: KeyStream, keys: Record<string, () => unknown>, stop: () => void): void {
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.on('data', (key) => {
    const text = String(key);
    if (text === CTRL_C || text === CTRL_D) stop();
    else keys[text]?.();
  });
}

/** Whether this process's group is in the foreground of its terminal. */
function ownsTerminal(): boolean {
  const [group, terminalGroup] = processGroups();
  return group !== undefined && group === terminalGroup;
}

function processGroups(): string[] {
  try {
    // proc(5): after the name in parentheses come state, parent, group, session, terminal, terminal's group.
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return [fields[2] ?? '', fields[5] ?? ''];
  } catch {
    return groupsFromPs();
  }
}

/** For systems without /proc. Without ps either, no keys are read. */
function groupsFromPs(): string[] {
  try {
    const columns = ['-o', 'pgid=', '-o', 'tpgid=', '-p', String(process.pid)];
    return execFileSync('ps', columns, { encoding: 'utf8' }).trim().split(/\s+/);
  } catch {
    return [];
  }
}
