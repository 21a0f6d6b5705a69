/** A measured figure, and how it is printed. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Where a floor or a ceiling was set: at least, or at most, so much. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

export function printFigures(title: string, figures: readonly Figure[]): void {
  const width = Math.max(...figures.map(({ what }) => what.length));
  const lines = figures.map(({ what, value, unit, atLeast, atMost }) => {
    const limit = atLeast !== undefined ? `at least ${atLeast}` : atMost !== undefined ? `at most ${atMost}` : '';
    const missed = (atLeast !== undefined && value < atLeast) || (atMost !== undefined && value > atMost);
    return `  ${what.padEnd(width)}  ${text(value).padStart(12)} ${unit.padEnd(22)} ${limit}${missed ? '   MISSED' : ''}`.trimEnd();
  });
  process.stdout.write(`${title}\n${lines.join('\n')}\n\n`);
}

function text(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
