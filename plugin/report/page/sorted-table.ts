/** A table that its reader sorts by any column, filters by words, and unfolds row by row. */
import { breakable, element } from './element.ts';
import { counted, numberText } from './words.ts';

export interface Column<Row> {
  readonly label: string;
  readonly kind: 'text' | 'number' | 'time';
  /** What is sorted by, and looked through by the filter. */
  readonly value: (row: Row) => string | number;
  /** What is shown, where it is not the value itself. */
  readonly cell?: (row: Row) => Node | string;
  /** Classes of the cell. */
  readonly look?: (row: Row) => string;
}

export interface TableOptions<Row> {
  readonly title: string;
  /** What a row is, in words: `user`, `users`. */
  readonly noun: string;
  readonly nouns: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** The column by which the rows are sorted already. */
  readonly sortedBy: string;
  readonly empty: string;
  readonly firstRows?: number;
  /** What is to be said of rows that are not here. */
  readonly leftOut?: string;
}

/** So many at the beginning, where nothing else is said. */
const FIRST_ROWS = 10;
const MORE_ROWS = 50;

/** The table with its title and its filter, as a card. Roles are said, because narrow pages lay the table out as a list. */
export function sortedTable<Row>(options: TableOptions<Row>): HTMLElement {
  const { title, noun, nouns, columns, rows, empty, leftOut, firstRows = FIRST_ROWS } = options;
  const heading = element('h3', {}, title);
  if (rows.length === 0) return element('div', { class: 'card' }, element('div', { class: 'head' }, heading), element('p', { class: 'empty' }, empty));
  let order: { readonly label: string; readonly isDescending: boolean } = { label: options.sortedBy, isDescending: true };
  let limit = firstRows;
  let words = '';
  const body = element('tbody', { role: 'rowgroup' });
  const state = element('p', { role: 'status' });
  const more = element('button', { type: 'button' });
  const foot = element('div', { class: 'more-rows' }, more, leftOut === undefined ? undefined : element('span', {}, leftOut));
  const heads = columns.map(({ label, kind }) => {
    const button = element('button', { type: 'button' }, label);
    button.addEventListener('click', () => {
      order = { label, isDescending: order.label === label ? !order.isDescending : kind !== 'text' };
      show();
    });
    return element('th', { scope: 'col', role: 'columnheader', class: kind }, button);
  });
  const filter = element('input', { class: 'filter', type: 'search', placeholder: `Filter ${nouns}`, 'aria-label': `Filter ${nouns}`, autocomplete: 'off', spellcheck: 'false' });
  filter.addEventListener('input', () => {
    words = filter.value;
    limit = firstRows;
    show();
  });
  more.addEventListener('click', () => {
    limit += MORE_ROWS;
    show();
  });

  function show(): void {
    const found = rowsWith(words, rows, columns);
    const shown = inOrder(found, columns.find(({ label }) => label === order.label), order.isDescending).slice(0, limit);
    body.replaceChildren(...shown.map((row) => rowOf(row, columns)));
    heads.forEach((head, index) => {
      if (columns[index]?.label === order.label) head.setAttribute('aria-sort', order.isDescending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
    state.textContent = words.trim() === '' ? `${numberText(shown.length)} of ${counted(rows.length, noun, nouns)}` : `${numberText(shown.length)} of ${numberText(found.length)} that match, of ${counted(rows.length, noun, nouns)}`;
    more.hidden = shown.length === found.length;
    more.textContent = `Show ${numberText(Math.min(MORE_ROWS, found.length - shown.length))} more`;
    foot.hidden = more.hidden && leftOut === undefined;
  }

  show();
  const table = element('table', { class: 'sorted', role: 'table' }, element('caption', { class: 'unseen' }, title), element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...heads)), body);
  return element('div', { class: 'card' }, element('div', { class: 'head' }, element('div', {}, heading, state), rows.length > firstRows ? filter : undefined), table, foot);
}

/** Rows in which every word stands somewhere. */
function rowsWith<Row>(words: string, rows: readonly Row[], columns: readonly Column<Row>[]): readonly Row[] {
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter((word) => word !== '');
  if (wanted.length === 0) return rows;
  return rows.filter((row) => {
    const text = columns.map(({ kind, value, cell }) => {
      const shown = cell?.(row) ?? value(row);
      return kind === 'number' ? '' : typeof shown === 'object' ? shown.textContent ?? '' : String(shown);
    }).join(' ').toLocaleLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

function inOrder<Row>(rows: readonly Row[], column: Column<Row> | undefined, isDescending: boolean): readonly Row[] {
  if (column === undefined) return rows;
  const sign = isDescending ? -1 : 1;
  const compare = (left: string | number, right: string | number): number => typeof left === 'number' && typeof right === 'number' ? left - right : collator.compare(String(left), String(right));
  return rows.toSorted((left, right) => sign * compare(column.value(left), column.value(right)));
}

function rowOf<Row>(row: Row, columns: readonly Column<Row>[]): HTMLElement {
  return element('tr', { role: 'row' }, ...columns.map(({ label, kind, value, cell, look }, index) => {
    const shown = cell?.(row) ?? (kind === 'number' ? numberText(Number(value(row))) : breakable(String(value(row))));
    return element('td', { role: 'cell', class: [kind, index === 0 ? 'first' : '', look?.(row) ?? ''].join(' ').trim(), 'data-label': label }, shown);
  }));
}
