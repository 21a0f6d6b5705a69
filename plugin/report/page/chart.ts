/** Stacked bars over time, with a legend that switches series off and on, and the same numbers as a table. */
import { BarController, BarElement, CategoryScale, Chart, LinearScale, Tooltip } from 'chart.js';
import type { Timeline } from '../picture.ts';
import { element } from './element.ts';
import { colour } from './theme.ts';
import { barText, counted, numberText, tickText } from './words.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Ticks stand at multiples of one of these, as close as they can be read. */
const TICK_STEPS_MS = [HOUR_MS / 12, HOUR_MS / 4, HOUR_MS / 2, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, DAY_MS, 2 * DAY_MS, 7 * DAY_MS, 14 * DAY_MS, 28 * DAY_MS];
const TICK_PIXELS = 72;

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);

export interface TimeChart {
  readonly element: HTMLElement;
  /** Draws it once it stands in the page, and again in other colours. */
  draw(): void;
}

/** A chart of a timeline; `label` says what is shown, `colours` names the colours of the page in the order of the series. */
export function timeChart({ startMs, stepMs, series }: Timeline, label: string, colours: (name: string, index: number) => string, size = ''): TimeChart {
  const starts = Array.from({ length: series[0]?.values.length ?? 0 }, (_, index) => startMs + index * stepMs);
  const total = series.reduce((sum, { events }) => sum + events, 0);
  const summary = `${label}: ${counted(total, 'event')} in ${counted(starts.length, 'bar')}; ${series.map(({ name, events }) => `${name} ${numberText(events)}`).join(', ')}.`;
  const canvas = element('canvas', { role: 'img', 'aria-label': summary });
  const hidden = new Set<string>();
  let chart: Chart<'bar', number[]> | undefined;

  function draw(): void {
    chart?.destroy();
    chart = new Chart(canvas, {
      type: 'bar',
      data: {
        labels: starts.map((ms) => barText(ms, stepMs)),
        datasets: series.map(({ name, values }, index) => ({
          label: name, data: [...values], backgroundColor: colour(colours(name, index)), hidden: hidden.has(name), barPercentage: 1, categoryPercentage: starts.length > 60 ? 0.86 : 0.8, borderRadius: 1,
        })),
      },
      options: {
        animation: false, maintainAspectRatio: false, interaction: { mode: 'index', intersect: false },
        font: { family: getComputedStyle(document.body).fontFamily },
        scales: {
          x: {
            stacked: true, grid: { display: false }, border: { color: colour('line') },
            ticks: { color: colour('quiet'), maxRotation: 0, autoSkipPadding: 12, callback: (value) => tickText(starts[Number(value)] ?? startMs, stepMs) },
            afterBuildTicks: (axis) => {
              const ticksLimit = axis.width / TICK_PIXELS;
              const wantedMs = TICK_STEPS_MS.find((ms) => ms >= stepMs && starts.length * stepMs / ms <= ticksLimit);
              if (wantedMs !== undefined) axis.ticks = axis.ticks.filter(({ value }) => (starts[value] ?? 0) % wantedMs === 0);
            },
          },
          y: { stacked: true, beginAtZero: true, grid: { color: colour('line') }, border: { display: false }, ticks: { color: colour('quiet'), precision: 0, maxTicksLimit: 6 } },
        },
        plugins: {
          tooltip: {
            backgroundColor: colour('text'), titleColor: colour('card'), bodyColor: colour('card'), padding: 10, boxPadding: 4, cornerRadius: 8, itemSort: (left, right) => (right.parsed.y ?? 0) - (left.parsed.y ?? 0),
            filter: ({ parsed }) => parsed.y !== 0,
            callbacks: { label: ({ dataset, parsed }) => ` ${dataset.label ?? ''}: ${numberText(parsed.y ?? 0)}` },
          },
        },
      },
    });
  }

  function legendButton(name: string, events: number, index: number): HTMLElement {
    const swatch = element('i', { 'aria-hidden': 'true' });
    swatch.style.background = `var(--${colours(name, index)})`;
    const button = element('button', { type: 'button', 'aria-pressed': 'true' }, swatch, `${name} `, element('b', {}, numberText(events)));
    button.addEventListener('click', () => {
      if (!hidden.delete(name)) hidden.add(name);
      button.setAttribute('aria-pressed', String(!hidden.has(name)));
      chart?.setDatasetVisibility(index, !hidden.has(name));
      chart?.update();
    });
    return element('li', {}, button);
  }

  const legend = element('ul', { class: 'legend', 'aria-label': `Shown in ${label}` }, ...series.map(({ name, events }, index) => legendButton(name, events, index)));
  return { element: element('div', { class: 'drawn' }, element('div', { class: `chart ${size}` }, canvas), legend, numbersOf(starts, stepMs, series)), draw };
}

function numbersOf(starts: readonly number[], stepMs: number, series: Timeline['series']): HTMLElement {
  const row = (first: string, cells: readonly string[], kind: 'td' | 'th'): HTMLElement => element('tr', {}, element('th', { scope: kind === 'th' ? 'col' : 'row' }, first), ...cells.map((cell) => element(kind, kind === 'th' ? { scope: 'col' } : {}, cell)));
  const details = element('details', {}, element('summary', {}, 'The numbers as a table'));
  details.addEventListener('toggle', () => {
    if (details.childElementCount > 1) return;
    details.append(element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Numbers of the chart' }, element('table', {},
      element('thead', {}, row('Time', series.map(({ name }) => name), 'th')),
      element('tbody', {}, ...starts.map((ms, index) => row(barText(ms, stepMs), series.map(({ values }) => numberText(values[index] ?? 0)), 'td'))))));
  });
  return details;
}
