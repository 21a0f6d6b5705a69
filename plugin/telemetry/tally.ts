/** Counts ECS documents on their way to a stream, and says in a few lines what they were. */
import { Writable } from 'node:stream';
import { counted, numberText } from './counted.ts';

/** A table shows so many rows; the rest is put together. */
const ROWS_LIMIT = 9;
const COLUMN_GAP = '    ';

export interface Counts {
  readonly documents: number;
  /** event.category, each of a document's. */
  readonly categories: ReadonlyMap<string, number>;
  readonly outcomes: ReadonlyMap<string, number>;
}

/** A stream that hands every line on to `target`, at its pace, and counts the documents in them; `seen` learns of each. */
export function createTally(target: NodeJS.WritableStream, seen: (document: unknown) => void): { readonly stream: Writable; readonly counts: Counts } {
  const counts = { documents: 0, categories: new Map<string, number>(), outcomes: new Map<string, number>() };
  const stream = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      target.write(chunk, (error) => {
        if (!error) for (const line of chunk.toString().split('\n')) if (line !== '') seen(count(line, counts));
        callback(error);
      });
    },
  });
  return { stream, counts };
}

function count(line: string, counts: { documents: number; readonly categories: Map<string, number>; readonly outcomes: Map<string, number> }): unknown {
  const document = JSON.parse(line) as { event?: { category?: readonly string[]; outcome?: string } };
  const { category = ['(none)'], outcome = '(none)' } = document.event ?? {};
  counts.documents += 1;
  for (const name of category) add(counts.categories, name);
  add(counts.outcomes, outcome);
  return document;
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** How to go on after a demonstration. */
export const NEXT_STEPS = `
How to go on:
  o365audit demo --events 20 | head -1     one document
  o365audit demo --follow                  new events as they come, until Ctrl-C
  o365audit report FILE                    such a page of your own events
  o365audit map FILE                       your own events: NDJSON, or the CSV that Purview exports
  o365audit simulate                       a Management Activity API of your own to collect from
  o365audit collect -c o365.yml            a real tenant: see README.md
`;

/** What a person wants to know at the end of a demonstration, and how to go on. */
export function summaryOf({ documents, categories, outcomes }: Counts, contentTypes: ReadonlyMap<string, number>, { ms, blobs, reportFile }: { readonly ms: number; readonly blobs: number; readonly reportFile: string }): string {
  const perSecond = Math.round(documents * 1000 / Math.max(1, ms));
  return `
${counted(documents, 'ECS document')} from ${counted(blobs, 'content blob')} in ${(ms / 1000).toFixed(1)} s (${numberText(perSecond)} a second).

${beside([['content type', contentTypes], ['category', categories], ['outcome', outcomes]])}
All of it to look at, in a browser: ${reportFile}
${NEXT_STEPS}`;
}

function table(title: string, counts: ReadonlyMap<string, number>): readonly string[] {
  const sorted = [...counts].sort(([, left], [, right]) => right - left);
  const shown = sorted.slice(0, sorted.length > ROWS_LIMIT ? ROWS_LIMIT - 1 : ROWS_LIMIT);
  const others = sorted.slice(shown.length).reduce((sum, [, value]) => sum + value, 0);
  const rows = others === 0 ? shown : [...shown, ['others', others] as const];
  const nameWidth = Math.max(title.length, ...rows.map(([name]) => name.length));
  const valueWidth = Math.max(...rows.map(([, value]) => numberText(value).length), 'events'.length);
  return [`${title.padEnd(nameWidth)}  ${'events'.padStart(valueWidth)}`, ...rows.map(([name, value]) => `${name.padEnd(nameWidth)}  ${numberText(value).padStart(valueWidth)}`)];
}

/** Tables side by side; one without rows is left out. */
function beside(counts: readonly (readonly [title: string, counts: ReadonlyMap<string, number>])[]): string {
  const tables = counts.filter(([, { size }]) => size > 0).map(([title, rows]) => table(title, rows));
  const height = Math.max(0, ...tables.map((rows) => rows.length));
  const lines = Array.from({ length: height }, (_, index) => tables.map((rows) => (rows[index] ?? '').padEnd(rows[0]?.length ?? 0)).join(COLUMN_GAP).trimEnd());
  return `${lines.join('\n')}\n`;
}
