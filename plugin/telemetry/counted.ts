/** Counts in sentences, `1 event` and `2,345 events`; `many` where the plural is more than an s. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${numberText(value)} ${value === 1 ? one : many}`;
}

/** `2,345` */
export function numberText(value: number): string {
  return value.toLocaleString('en-US');
}
