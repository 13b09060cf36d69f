import { styleText } from 'node:util';
import * as v from 'valibot';
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

const AGES = [
  ['activeOverWeek', 'over a week'],
  ['activeUnderWeek', '1 to 7 days'],
  ['activeUnderDay', '1 to 24 h'],
  ['activeUnderHour', 'under 1 h'],
] as const;

const counted = v.object({
  message: v.literal('executions counted'),
  flow: v.string(),
  outcome: v.string(),
  counts: v.record(v.string(), v.number()),
});

/** One flow of a census, from the worker's log, e.g. `  welcome: active over a week 2, 1 to 7 days 31, …`. */
export function censusLine(line: string): string | null {
  if (!line.includes('"executions counted"')) return null;
  // The request's id comes before the JSON.
  const json = line.slice(line.indexOf('{'));
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), counted), json);
  if (!read.success) return null;
  const { flow, outcome, counts } = read.output;
  const ages = AGES.map(([name, words]) => `${words} ${counts[name] ?? 0}`);
  return `  ${flow}: active ${ages.join(', ')}${outcome === 'cut' ? ', and more' : ''}`;
}
