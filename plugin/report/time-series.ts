/** Counts by time and name in bounded memory: begins with minutes, and makes the steps longer as the span grows. */
import type { Timeline } from './picture.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Each is a multiple of the one before. */
const STEPS_MS = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, DAY_MS, 7 * DAY_MS, 28 * DAY_MS, 364 * DAY_MS];
/** More bars than this are no picture. */
const BARS_LIMIT = 124;
const BUCKETS_LIMIT = 4096;
/** Names beyond these are put together, under OTHERS; names come from events. */
const NAMES_LIMIT = 256;
const SERIES_LIMIT = 8;
export const OTHERS = 'Others';

/** The step at which a span fits into a picture. */
export function stepFor(fromMs: number, toMs: number): number {
  const fits = (stepMs: number): boolean => Math.floor(toMs / stepMs) - Math.floor(fromMs / stepMs) < BARS_LIMIT;
  return STEPS_MS.find(fits) ?? STEPS_MS.at(-1) ?? DAY_MS;
}

export class TimeSeries {
  #buckets = new Map<number, Map<string, number>>();
  #stepMs = MINUTE_MS;
  readonly #names = new Set<string>();

  add(atMs: number, name: string): void {
    if (!this.#names.has(name) && this.#names.size >= NAMES_LIMIT) name = OTHERS;
    this.#names.add(name);
    this.#count(atMs, name, 1);
    if (this.#buckets.size > BUCKETS_LIMIT) this.#widen();
  }

  /** All from `fromMs` to `toMs`; names beyond the largest are put together. */
  timeline(fromMs: number, toMs: number): Timeline {
    const stepMs = stepFor(fromMs, toMs);
    while (this.#stepMs < stepMs) this.#widen();
    const startMs = Math.floor(fromMs / stepMs) * stepMs;
    const length = Math.floor((toMs - startMs) / stepMs) + 1;
    const series = new Map<string, { events: number; readonly values: number[] }>();
    for (const [bucketMs, counts] of this.#buckets) {
      for (const [name, count] of counts) {
        const found = series.get(name) ?? { events: 0, values: Array<number>(length).fill(0) };
        const index = Math.floor((bucketMs - startMs) / stepMs);
        found.values[index] = (found.values[index] ?? 0) + count;
        found.events += count;
        series.set(name, found);
      }
    }
    const named = [...series].map(([name, rest]) => ({ name, ...rest })).sort((left, right) => right.events - left.events || (left.name < right.name ? -1 : 1));
    return { startMs, stepMs, series: putTogether(named, length) };
  }

  #count(atMs: number, name: string, count: number): void {
    const bucketMs = Math.floor(atMs / this.#stepMs) * this.#stepMs;
    let counts = this.#buckets.get(bucketMs);
    if (counts === undefined) this.#buckets.set(bucketMs, counts = new Map<string, number>());
    counts.set(name, (counts.get(name) ?? 0) + count);
  }

  #widen(): void {
    const buckets = this.#buckets;
    this.#stepMs = STEPS_MS.find((stepMs) => stepMs > this.#stepMs) ?? this.#stepMs * 2;
    this.#buckets = new Map();
    for (const [bucketMs, counts] of buckets) for (const [name, count] of counts) this.#count(bucketMs, name, count);
  }
}

type Series = Timeline['series'];

function putTogether(series: Series, length: number): Series {
  if (series.length <= SERIES_LIMIT) return series;
  const shown = series.filter(({ name }) => name !== OTHERS).slice(0, SERIES_LIMIT - 1);
  const rest = series.filter((each) => !shown.includes(each));
  const values = Array.from({ length }, (_, index) => rest.reduce((sum, each) => sum + (each.values[index] ?? 0), 0));
  return [...shown, { name: OTHERS, events: rest.reduce((sum, { events }) => sum + events, 0), values }];
}
