/** What golden documents hold, field by field. */
import { goldenCases } from './golden.ts';

/** Texts of all values by path; elements of arrays count as values of their path. */
export function goldenValues(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) value.forEach((element) => walk(element, path));
    else if (typeof value === 'object' && value !== null) for (const [name, inner] of Object.entries(value)) walk(inner, path === '' ? name : `${path}.${name}`);
    else found.set(path, (found.get(path) ?? new Set()).add(String(value)));
  };
  for (const { expected } of goldenCases()) walk(expected, '');
  return found;
}

/** Every scalar of a document at a path or below it; elements of arrays count as values of their path. */
export function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  if (Array.isArray(value)) return value.flatMap((element) => valuesAt(element, path));
  if (typeof value !== 'object' || value === null) return path.length === 0 && value !== undefined ? [value] : [];
  const [key, ...rest] = path;
  return key === undefined ? Object.values(value).flatMap((member) => valuesAt(member, [])) : valuesAt((value as Record<string, unknown>)[key], rest);
}

/** Whether a path is one of those that a field of fields.yml stands for; `*` is one level. */
export function isPathOf(path: string, field: string): boolean {
  const [parts, wanted] = [path.split('.'), field.split('.')];
  return parts.length === wanted.length && wanted.every((name, index) => name === '*' || name === parts[index]);
}

/** An event of nothing but this property, as the service would send it. */
export function eventWith(path: string, value: unknown): Buffer {
  const event = path.split('.').toReversed().reduce<unknown>((inner, name) => ({ [name]: inner }), value) as object;
  return Buffer.from(JSON.stringify({ Id: '8d6f1e6a-3a0c-4f0d-9f3e-08de1a2b3c4d', CreationTime: '2026-09-01T08:15:30', ...event }));
}
