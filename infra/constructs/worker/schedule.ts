/**
 * Whether EventBridge takes a schedule: it would say so only in the middle of a deployment.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 */
export function isSchedule(text: string): boolean {
  if (/^rate\(1 (minute|hour|day)\)$/.test(text)) return true;
  if (/^rate\(([2-9]|[1-9]\d{1,4}) (minutes|hours|days)\)$/.test(text)) return true;
  const parts = /^cron\((\S+(?: \S+){5})\)$/.exec(text)?.[1]?.split(' ') ?? [];
  const [, , day, , weekday] = parts;
  // Exactly one of the two says which days. `cron(0 3 * * * *)` is the common mistake.
  if ((day === '?') === (weekday === '?')) return false;
  return FIELDS.every((field, index) => fits(parts[index] ?? '', field));
}

type Field = {
  least: number;
  most: number;
  /** What may stand for the numbers, beginning with the least. */
  names?: readonly string[];
  /** What stands by itself. */
  alone?: RegExp;
};

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
export const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** Minutes, hours, day of the month, month, day of the week, year. */
const FIELDS: readonly Field[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31, alone: /^(\?|L|LW|([1-9]|[12]\d|3[01])W)$/ },
  { least: 1, most: 12, names: MONTHS },
  { least: 1, most: 7, names: WEEKDAYS, alone: /^(\?|L|[1-7]L|([1-7]|[A-Z]{3})#[1-5])$/ },
  { least: 1970, most: 2199 },
];

function fits(text: string, { least, most, names = [], alone }: Field): boolean {
  if (alone?.test(text)) return true;
  return text.split(',').every((item) => {
    const [range = '', step = '1', ...more] = item.split('/');
    if (more.length > 0 || !/^[1-9]\d*$/.test(step)) return false;
    const ends = range.split('-');
    return range === '*' || (ends.length <= 2 && ends.every(isValue));
  });

  function isValue(end: string): boolean {
    const value = /^\d+$/.test(end) ? Number(end) : names.indexOf(end) + least;
    return value >= least && value <= most;
  }
}
