/** Keeps the latest of many, in bounded memory, and counts them all. */
import { ROWS_LIMIT, type Newest } from './picture.ts';

export class NewestOf<T extends { readonly atMs: number }> {
  #rows: T[] = [];
  #count = 0;

  add(row: T): void {
    this.#count += 1;
    this.#rows.push(row);
    if (this.#rows.length >= ROWS_LIMIT * 2) this.#prune();
  }

  /** The latest first. */
  newest(): Newest<T> {
    this.#prune();
    return { rows: this.#rows, count: this.#count };
  }

  #prune(): void {
    this.#rows.sort((left, right) => right.atMs - left.atMs);
    this.#rows.length = Math.min(this.#rows.length, ROWS_LIMIT);
  }
}
