import * as v from 'valibot';

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
  // The request's id stands before it.
  const json = line.slice(line.indexOf('{'));
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), counted), json);
  if (!read.success) return null;
  const { flow, outcome, counts } = read.output;
  const ages = AGES.map(([name, words]) => `${words} ${counts[name] ?? 0}`);
  return `  ${flow}: active ${ages.join(', ')}${outcome === 'cut' ? ', and more' : ''}`;
}
