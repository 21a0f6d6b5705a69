/** Pieces of AssemblyScript source, as the generators write them. */

/** A header that says where the file comes from. */
export function header(from: string, what: string): string {
  return `/** ${what} Generated from ${from} by \`npm run generate\`: edit that, not this. */\n`;
}

/** Static bytes of the module, as a constant that holds their address. */
export function bytes(name: string, values: readonly number[], docs: string): string {
  return data(name, 'u8', values, docs);
}

export function words16(name: string, values: readonly number[], docs: string): string {
  return data(name, 'u16', values, docs);
}

function data(name: string, type: string, values: readonly number[], docs: string): string {
  const lines: string[] = [];
  for (let at = 0; at < values.length; at += 40) lines.push(`  ${values.slice(at, at + 40).join(',')},`);
  return `/** ${docs} */\nexport const ${name}: usize = memory.data<${type}>([\n${lines.join('\n')}\n]);\n`;
}

/** A constant enum whose members are numbered as given. */
export function constantEnum(name: string, members: readonly (readonly [string, number])[], docs: string): string {
  return `/** ${docs} */\nexport const enum ${name} {\n${members.map(([member, value]) => `  ${member} = ${value},`).join('\n')}\n}\n`;
}

/** Texts behind each other, and where each begins. */
export class TextPool {
  readonly bytes: number[] = [];
  private readonly offsets = new Map<string, number>();

  /** The offset of `text`, which is added when it is new. */
  offsetOf(text: string): number {
    const known = this.offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.bytes.length;
    this.bytes.push(...Buffer.from(text, 'utf8'));
    this.offsets.set(text, offset);
    return offset;
  }
}

/** Two bytes, low one first. */
export function u16(value: number): number[] {
  if (value < 0 || value > 0xffff) throw new Error(`${value} does not fit 16 bits`);
  return [value & 0xff, value >> 8];
}

export function u8(value: number): number {
  if (value < 0 || value > 0xff) throw new Error(`${value} does not fit 8 bits`);
  return value;
}

const RESERVED: ReadonlySet<string> = new Set(['default', 'new', 'delete', 'in', 'enum', 'true', 'false', 'null', 'typeof', 'void', 'with']);

/** A path as an identifier: dots become underscores. */
export function identifier(path: string): string {
  const name = path.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=[0-9])/, '_');
  return RESERVED.has(name) ? `${name}_` : name;
}
