import { WEEKDAYS } from '../worker/schedule.ts';

const HOURS = { minute: 1 / 60, hour: 1, day: 24 };
const DAY_HOURS = 24;
/** CloudWatch looks back seven days and no further. */
const MAX_DAYS_BACK = 7;

/**
 * After how many days without a run a schedule has missed one: its gap, and a day for the purge itself.
 * undefined when that is too far to look back, or cannot be told.
 */
export function daysToMiss(schedule: string): number | undefined {
  const days = Math.ceil((gapHours(schedule) ?? Number.POSITIVE_INFINITY) / DAY_HOURS) + 1;
  return days <= MAX_DAYS_BACK ? days : undefined;
}

/**
 * The longest time between two runs of a schedule, in hours: `rate(12 hours)` → 12. A cron expression is read
 * as far as telling on which days of the week it runs; of one that asks for anything else of a day,
 * undefined.
 */
export function gapHours(schedule: string): number | undefined {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule);
  if (rate) return Number(rate[1]) * HOURS[unitOf(rate[2])];
  const [, , day = '', month = '', weekday = '', year = ''] = schedule.replace(/^cron\(|\)$/g, '').split(' ');
  const days = [day, month, year].every((field) => field === '*' || field === '?')
    ? weekdaysOf(weekday)
    : undefined;
  if (!days) return undefined;
  const gaps = days.map((one, index) => (days[index + 1] ?? Number(days[0]) + WEEKDAYS.length) - one);
  return Math.max(...gaps) * DAY_HOURS;
}

/** Sorted, from 1 for Sunday: `MON-WED,6` → 2, 3, 4, 6. undefined for what is more than days and ranges. */
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

function unitOf(text: string | undefined): keyof typeof HOURS {
  return text === 'minute' || text === 'hour' ? text : 'day';
}
