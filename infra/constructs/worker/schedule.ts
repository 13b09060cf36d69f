/** Numbers and names that a cron field takes. */
const MINUTE = '[0-5]?\\d';
const HOUR = '[01]?\\d|2[0-3]';
const DAY = '0?[1-9]|[12]\\d|3[01]';
const MONTH = '0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC';
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const WEEKDAY = `[1-7]|${WEEKDAYS.join('|')}`;
const YEAR = '19[7-9]\\d|2[01]\\d\\d';

const CRON_FIELDS = [
  listOf(MINUTE),
  listOf(HOUR),
  `${listOf(DAY)}|\\?|LW?|(${DAY})W`,
  listOf(MONTH),
  `${listOf(WEEKDAY)}|\\?|L|[1-7]L|(${WEEKDAY})#[1-5]`,
  listOf(YEAR),
];
const CRON = new RegExp(`^cron\\(${CRON_FIELDS.map((field) => `(${field})`).join(' ')}\\)$`);
const RATE = /^rate\((1 (minute|hour|day)|([2-9]|[1-9]\d{1,4}) (minutes|hours|days))\)$/;

/** Matches values, ranges and steps, separated by commas: `8-18,20`, `0/15`. */
function listOf(value: string): string {
  const item = `(\\*|(${value})(-(${value}))?)(/[1-9]\\d*)?`;
  return `${item}(,${item})*`;
}

/**
 * Returns whether EventBridge accepts a schedule. EventBridge itself would report a mistake only in the
 * middle of a deployment.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 */
export function isSchedule(text: string): boolean {
  // Exactly one of the two fields for days must be `?`. `cron(0 3 * * * *)` is the common mistake.
  return RATE.test(text) || (CRON.test(text) && text.split('?').length === 2);
}

const HOURS: Record<string, number> = { minute: 1 / 60, hour: 1, day: 24 };
const DAY_HOURS = 24;
/** CloudWatch looks back at most seven days. */
const MAX_DAYS_BACK = 7;

/**
 * Returns the number of days without a run after which a schedule has missed one: its longest gap, and a day
 * for the purge itself. undefined if that is more than CloudWatch looks back, or if the gap is unknown.
 */
export function daysToMiss(schedule: string): number | undefined {
  const days = Math.ceil((gapHours(schedule) ?? Number.POSITIVE_INFINITY) / DAY_HOURS) + 1;
  return days <= MAX_DAYS_BACK ? days : undefined;
}

/**
 * Returns the longest time between two runs of a schedule, in hours: `rate(12 hours)` → 12. Of a cron
 * expression it reads the days of the week, and returns undefined if the expression limits the day in another
 * way.
 */
export function gapHours(schedule: string): number | undefined {
  const [, number, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule) ?? [];
  if (number) return Number(number) * (HOURS[unit] ?? DAY_HOURS);
  const [, , day = '', month = '', weekday = '', year = ''] = schedule.replace(/^cron\(|\)$/g, '').split(' ');
  const days = [day, month, year].every((field) => field === '*' || field === '?')
    ? weekdaysOf(weekday)
    : undefined;
  if (!days) return undefined;
  const gaps = days.map((one, index) => (days[index + 1] ?? Number(days[0]) + WEEKDAYS.length) - one);
  return Math.max(...gaps) * DAY_HOURS;
}

/** Sorted, 1 for Sunday: `MON-WED,6` → 2, 3, 4, 6. undefined if the field has more than days and ranges. */
function weekdaysOf(field: string): number[] | undefined {
  if (field === '*' || field === '?') return weekdaysOf('1-7');
  const days = new Set<number>();
  for (const item of field.split(',')) {
    const [from = 0, to = from] = item.split('-').map((end) => WEEKDAYS.indexOf(end) + 1 || Number(end));
    if (!Number.isInteger(from) || !Number.isInteger(to)) return undefined;
    for (let day = from; day !== to; day = (day % WEEKDAYS.length) + 1) days.add(day);
    days.add(to);
  }
  return [...days].toSorted();
}
