const HOURS = { minute: 1 / 60, hour: 1, day: 24 };
const DAY_HOURS = 24;

/**
 * The longest time between two runs of a schedule, in hours: `rate(12 hours)` → 12. A cron expression is read
 * as far as telling whether it runs every day; of one that does not, undefined.
 */
export function gapHours(schedule: string): number | undefined {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule);
  if (rate) return Number(rate[1]) * HOURS[unitOf(rate[2])];
  const [, , day, month, weekday] = schedule.replace(/^cron\(|\)$/g, '').split(' ');
  const everyDay = [day, month, weekday].every((field) => field === '*' || field === '?');
  return everyDay ? DAY_HOURS : undefined;
}

function unitOf(text: string | undefined): keyof typeof HOURS {
  return text === 'minute' || text === 'hour' ? text : 'day';
}
