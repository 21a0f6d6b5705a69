/**
 * Changes the values of an event's Id, CreationTime and OrganizationId in its JSON text and leaves every other byte as it is: an event that
 * is served again must keep its key order, its spelling and the digits of its numbers. Texts here hold one character a byte (latin1).
 */

/** New values for string members at the top of an event; a member that is not there, or is no string, stays as it is. */
export interface EventPatch {
  readonly id?: string;
  /** Milliseconds since 1970; written in the form that the event has it, with or without Z. */
  readonly creationMs?: number;
  readonly organizationId?: string;
}

/** The few facts by which the simulator sorts an event. */
export interface EventFacts {
  readonly id: string | undefined;
  readonly recordType: number | undefined;
  readonly workload: string | undefined;
}

interface Member {
  readonly name: string;
  /** Where the name lies with its quotes, and where the value does. */
  readonly nameBegin: number;
  readonly begin: number;
  readonly end: number;
}

/** The event with new values. Throws SyntaxError when the text is not a JSON object. */
export function patchEvent(text: string, { id, creationMs, organizationId }: EventPatch): string {
  let patched = '';
  let copied = 0;
  for (const { name, begin, end } of topMembers(text)) {
    const old = text.slice(begin, end);
    if (!old.startsWith('"')) continue;
    const value = name === 'Id' ? id : name === 'OrganizationId' ? organizationId : name === 'CreationTime' && creationMs !== undefined ? timeLike(old, creationMs) : undefined;
    if (value === undefined) continue;
    patched += `${text.slice(copied, begin)}"${value}"`;
    copied = end;
  }
  return patched + text.slice(copied);
}

/** The event with its members in the reverse order, their texts as they are. Throws SyntaxError when the text is not a JSON object. */
export function reverseMembers(text: string): string {
  return `{${[...topMembers(text)].reverse().map(({ nameBegin, end }) => text.slice(nameBegin, end)).join(',')}}`;
}

/** What the simulator needs to know of an event. Throws SyntaxError when the text is not a JSON object. */
export function eventFacts(text: string): EventFacts {
  const event: unknown = JSON.parse(Buffer.from(text, 'latin1').toString('utf8'));
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw new SyntaxError('it is no JSON object');
  const { Id, RecordType, Workload } = event as Record<string, unknown>;
  return {
    id: typeof Id === 'string' ? Id : undefined,
    recordType: typeof RecordType === 'number' || typeof RecordType === 'string' ? Number(RecordType) : undefined,
    workload: typeof Workload === 'string' ? Workload : undefined,
  };
}

/** The members at the top of a JSON object that is known to be well formed: their names, and where their values lie. */
function* topMembers(text: string): Generator<Member> {
  let at = skipSpace(text, 0) + 1;
  for (;;) {
    at = skipSpace(text, at);
    if (text.charAt(at) === ',') at = skipSpace(text, at + 1);
    if (text.charAt(at) !== '"') return;
    const nameEnd = stringEnd(text, at);
    const name = text.slice(at, nameEnd);
    const begin = skipSpace(text, skipSpace(text, nameEnd) + 1);
    at = valueEnd(text, begin);
    yield { name: JSON.parse(name) as string, nameBegin: nameEnd - name.length, begin, end: at };
  }
}

function valueEnd(text: string, begin: number): number {
  let depth = 0;
  let at = begin;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '"') {
      at = stringEnd(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (character === '{' || character === '[') depth++;
    if (character === '}' || character === ']') {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    }
    if (depth === 0 && (character === ',' || isSpace(character))) return at;
    at++;
  }
  return at;
}

function stringEnd(text: string, begin: number): number {
  let at = begin + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charAt(at))) at++;
  return at;
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

function timeLike(old: string, ms: number): string {
  const seconds = new Date(ms).toISOString().slice(0, 19);
  return old.endsWith('Z"') ? `${seconds}Z` : seconds;
}
