/** From fields.yml: the fields that the mapping itself writes, in the order of the document's tree, and how to write their keys. */
import { type Field, RAW_ROOT } from './fields.ts';
import { TextPool, bytes, constantEnum, header, identifier, u16, u8 } from './source.ts';

interface TreeObject {
  readonly path: string;
  readonly parent: number;
  readonly depth: number;
}

/** The source of assembly/generated/fields.ts. */
export function documentSource(fields: readonly Field[]): string {
  const written = fields.filter(({ name, source, type }) => source !== 'enrichment' && !name.startsWith(RAW_ROOT) && name !== 'o365.audit'
    && name !== '@timestamp' && type !== 'object').toSorted((a, b) => comparePaths(a.name, b.name));
  // of `email.attachments` and `email.attachments.file.name` the first is written, as one value
  const leaves = written.filter(({ name }) => !written.some((other) => other.type === 'nested' && name.startsWith(`${other.name}.`)));
  const objects: TreeObject[] = [{ path: '', parent: 0, depth: 0 }];
  const keys = new TextPool();
  const objectOf = (path: string): number => {
    const found = objects.findIndex((object) => object.path === path);
    if (found >= 0) return found;
    const parent = objectOf(path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '');
    objects.push({ path, parent, depth: (objects[parent]?.depth ?? 0) + 1 });
    return objects.length - 1;
  };
  const key = (path: string): string => `"${path.slice(path.lastIndexOf('.') + 1)}":`;
  const rows = leaves.flatMap(({ name, array }) => {
    const object = objectOf(name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '');
    return [...u16(keys.offsetOf(key(name))), u8(key(name).length), u8(object), array ? 1 : 0, 0, 0, 0];
  });
  const objectRows = objects.flatMap(({ path, parent, depth }) => {
    const text = path === '' ? '' : `${key(path)}{`;
    return [...u16(keys.offsetOf(text)), u8(text.length), u8(parent), u8(depth), 0, 0, 0];
  });
  return [
    header('mapping/fields.yml', 'The fields that the mapping writes, in the order of the document.'),
    `export const FIELD_COUNT: u32 = ${leaves.length};`,
    constantEnum('Field', leaves.map(({ name }, index) => [identifier(name), index]), 'A field of the document outside o365.audit.'),
    bytes('FIELD_ROWS', rows, 'A field: where its key lies in FIELD_KEYS (u16), how long it is, its object, whether it is always an array; 8 bytes.'),
    bytes('OBJECT_ROWS', objectRows, 'An object of the document: its key with the opening brace (u16, u8), its parent, its depth; 8 bytes.'),
    bytes('FIELD_KEYS', keys.bytes, 'The keys, quoted, with their colons.'),
  ].join('\n');
}

function comparePaths(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const one = left[i] ?? '';
    const other = right[i] ?? '';
    if (one !== other) return one < other ? -1 : 1;
  }
  return left.length - right.length;
}
