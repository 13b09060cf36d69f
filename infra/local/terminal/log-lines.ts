import { styleText } from 'node:util';
import type { Answered } from '../gateway/gateway.ts';

const PATH_WIDTH = 47;
const METHOD_WIDTH = 6;

/** One answered request in 80 columns, e.g. `  12:03:04  201  POST    /flows/welcome/executions  38 ms`. */
export function requestLine({ method, path, status, durationMs }: Answered, atMs: number): string {
  const time = new Date(atMs).toTimeString().slice(0, 8);
  const color = status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green';
  return [
    ' ',
    styleText('dim', time),
    styleText(color, String(status)),
    method.padEnd(METHOD_WIDTH),
    shortened(path).padEnd(PATH_WIDTH),
    styleText('dim', `${Math.round(durationMs)} ms`.padStart(8)),
  ].join(' ');
}

/** What is long in a path is the SIDs in its middle; its ends say what was asked. */
function shortened(path: string): string {
  const printable = path.replaceAll(/[^\x20-\x7e]/g, '?');
  if (printable.length <= PATH_WIDTH) return printable;
  const tail = 18;
  return `${printable.slice(0, PATH_WIDTH - tail - 1)}…${printable.slice(-tail)}`;
}
