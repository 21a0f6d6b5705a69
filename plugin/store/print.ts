/** Resources as files, for those who install them by Terraform or by hand. */
import type { Resource, ResourceKind } from './resources.ts';

const FOLDERS: Readonly<Record<ResourceKind, string>> = { pipeline: '_ingest/pipeline', 'component template': '_component_template', 'index template': '_index_template' };

/** Each file's path and text; the path is that of the API to which it is PUT, with .json behind it. */
export function resourceFiles(resources: readonly Resource[]): readonly (readonly [file: string, text: string])[] {
  return resources.map(({ kind, name, body }) => [`${FOLDERS[kind]}/${name}.json`, `${pretty(body, '')}\n`]);
}

const LINE_CHARACTERS_MAX = 120;

/** JSON in which everything that fits on a line stands on one: a field a line. */
function pretty(value: unknown, indent: string): string {
  const line = JSON.stringify(value);
  if (typeof value !== 'object' || value === null || indent.length + line.length <= LINE_CHARACTERS_MAX) return line;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const parts = Array.isArray(value) ? value.map((item) => pretty(item, inner)) : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${pretty(item, inner)}`);
  return `${open ?? ''}\n${parts.map((part) => inner + part).join(',\n')}\n${indent}${close ?? ''}`;
}
