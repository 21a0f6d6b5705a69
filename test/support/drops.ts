/** mapping/tables/drops.tsv, the closed list of what a document does not have of its event. */
import { readTable } from '../../mapping/generate/vocabulary.ts';

/** A row of the list. */
export interface Drop {
  readonly rule: string;
  /** Below o365.audit; `*` is one key, `**` any number of keys. */
  readonly path: string;
  /** Whether the document has to name it in error.message and keep the event's text. */
  readonly isSaid: boolean;
  readonly reason: string;
}

let rows: readonly (Drop & { readonly pattern: RegExp })[] | undefined;

/** Every row, in the file's order. */
export function readDrops(): readonly Drop[] {
  rows ??= readTable('mapping/tables/drops.tsv').map(({ rule = '', path = '', said = '', reason = '' }) => ({ rule, path, isSaid: said === 'yes', reason, pattern: patternOf(path) }));
  return rows;
}

/** The row by which a rule drops a value at a path. */
export function findDrop(rule: string, path: string): Drop | undefined {
  readDrops();
  return rows?.find((row) => row.rule === rule && row.pattern.test(`${path}.`));
}

/** `a.**.b` means a.b, too. */
function patternOf(path: string): RegExp {
  const parts = path.split('.').map((part) => (part === '**' ? '(?:[^]*\\.)?' : part === '*' ? '[^.]+\\.' : `${part.replace(/[^\w]/g, '\\$&')}\\.`));
  return new RegExp(`^${parts.join('')}$`);
}
