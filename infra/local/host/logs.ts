import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogLine } from './environment.ts';

/** What the functions write, a file for each, begun anew with each start: `<folder>/trigger.log`. */
export async function openLogs(
  folder: string,
): Promise<{ write(line: LogLine): void; close(): Promise<void> }> {
  await mkdir(folder, { recursive: true });
  const files = new Map<string, WriteStream>();
  return {
    write({ function: name, line }) {
      let file = files.get(name);
      if (!file) {
        file = createWriteStream(join(folder, `${name}.log`));
        files.set(name, file);
      }
      file.write(`${line}\n`);
    },
    async close() {
      await Promise.all([...files.values()].map((file) => new Promise<void>((resolve) => file.end(resolve))));
    },
  };
}
