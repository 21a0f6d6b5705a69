/** Numbers and times as the page writes them. All times are UTC, as in the audit log. */

const numbers = new Intl.NumberFormat('en');
const minutes = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' });
const shortDays = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short' });
const hours = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', hour: '2-digit', minute: '2-digit' });
const DAY_MS = 86_400_000;

/** 12,345 */
export function numberText(value: number): string {
  return numbers.format(value);
}

/** 1 event, 2 events */
export function counted(value: number, noun: string, many = `${noun}s`): string {
  return `${numberText(value)} ${value === 1 ? noun : many}`;
}

/** 5%, <1% */
export function percentText(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0%';
  const percent = 100 * part / whole;
  return percent < 1 ? '<1%' : `${Math.round(percent)}%`;
}

/** 22 Nov 2026, 16:09; empty for none. */
export function timeText(ms: number): string {
  return ms === 0 ? '' : minutes.format(ms);
}

/** 22 Nov 2026 */
function dayText(ms: number): string {
  return days.format(ms);
}

/** What stands under a bar: the day where a bar is one, else the hour. */
export function tickText(ms: number, stepMs: number): string {
  if (stepMs > DAY_MS) return dayText(ms);
  return stepMs === DAY_MS || ms % DAY_MS === 0 ? shortDays.format(ms) : hours.format(ms);
}

/** The time that a bar stands for. */
export function barText(ms: number, stepMs: number): string {
  if (stepMs >= DAY_MS) return stepMs === DAY_MS ? dayText(ms) : `${dayText(ms)} and ${stepMs / DAY_MS - 1} days more`;
  return `${minutes.format(ms)} – ${hours.format(ms + stepMs)} UTC`;
}
