/** The grammar of single values: what a text must look like to be a duration, a size, a count, a switch or one of several words. */
import { nearest } from './nearest.ts';
import { quote } from './node.ts';

export type ValueType = 'string' | 'path' | 'count' | 'boolean' | 'choice' | 'duration' | 'bytes';

/** What a value may be. Limits are in the operator's own notation (`24h`, `4MiB`). */
export interface Rules {
  readonly type: ValueType;
  readonly choices?: readonly string[];
  readonly minimum?: string;
  readonly maximum?: string;
  /** A further test of strings; `expected` says in words what passes it. */
  readonly accepts?: (text: string) => boolean;
  readonly expected?: string;
}

export type Value = string | number | boolean;

/** A value, or why there is none: what was expected and a sentence that mends it. */
export type Reading = { readonly value: Value } | { readonly expected: string; readonly repair: string };

/** Reads one text by the rules. Durations become milliseconds, sizes bytes. */
export function readValue(rules: Rules, text: string): Reading {
  switch (rules.type) {
    case 'string':
    case 'path':
      return rules.accepts?.(text) === false ? { expected: rules.expected ?? 'another text', repair: 'Correct it.' } : { value: text };
    case 'choice': return readChoice(rules.choices ?? [], text);
    case 'boolean': return readBoolean(text);
    case 'count': return withinLimits(rules, text, readCount, 'a whole number', 'Write a whole number.');
    case 'bytes': return withinLimits(rules, text, readBytes, 'a size such as 512KiB or 1MiB', 'Write a number with B, KiB, MiB or GiB.');
    case 'duration': return withinLimits(rules, text, readDuration, 'a duration such as 3m, 1h30m or 500ms', durationRepair(text));
  }
}

/** The milliseconds of a duration in Go's form (`168h`, `1h30m`, `1.5h`, `500ms`); a bare number is seconds, as Filebeat has it. */
export function readDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^\+?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    sum += Number(amount) * (millisecondsOf.get(unit ?? '') ?? NaN);
  }
  return sum;
}

const millisecondsOf = new Map([['ns', 1e-6], ['us', 1e-3], ['µs', 1e-3], ['μs', 1e-3], ['ms', 1], ['s', 1000], ['m', 60_000], ['h', 3_600_000]]);

/** Milliseconds in Go's form, as short as it goes: `3m`, `1h30m`, `168h`. */
export function durationText(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const restMs = ms % 60_000;
  const rest = restMs === 0 ? '' : restMs % 1000 === 0 ? `${restMs / 1000}s` : restMs < 1000 ? `${restMs}ms` : `${restMs / 1000}s`;
  return `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes}m` : ''}${rest}` || '0s';
}

/** The bytes of `1048576`, `1MiB`, `1.5 GiB` or `1MB` (a million). */
export function readBytes(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?(B|KB|MB|GB|KiB|MiB|GiB)?$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const bytes = Number(amount) * (bytesOf.get((unit ?? 'B').toLowerCase()) ?? NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const bytesOf = new Map([['b', 1], ['kb', 1e3], ['mb', 1e6], ['gb', 1e9], ['kib', 2 ** 10], ['mib', 2 ** 20], ['gib', 2 ** 30]]);

/** Bytes with the largest unit that leaves a whole number: `1MiB`, `1500B`. */
export function bytesText(bytes: number): string {
  const unit = (['GiB', 'MiB', 'KiB'] as const).find((name) => bytes > 0 && bytes % (bytesOf.get(name.toLowerCase()) ?? NaN) === 0);
  return unit === undefined ? `${bytes}B` : `${bytes / (bytesOf.get(unit.toLowerCase()) ?? NaN)}${unit}`;
}

/** A day of the calendar, such as 2027-03-01. */
export function isDate(text: string): boolean {
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // a 30th of February is taken for a day of March
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(text);
}

/** The id of a tenant, an application or a publisher: a GUID, in any case. */
export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);
}

/** A DNS name of at least two labels, such as contoso.onmicrosoft.com. */
export function isDomain(text: string): boolean {
  return text.length <= 253 && /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i.test(text);
}

function readCount(text: string): number | undefined {
  return /^\+?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

function readBoolean(text: string): Reading {
  if (/^(true|t|yes|y|on|1)$/i.test(text)) return { value: true };
  if (/^(false|f|no|n|off|0)$/i.test(text)) return { value: false };
  return { expected: 'true or false', repair: 'Write true or false.' };
}

function readChoice(choices: readonly string[], text: string): Reading {
  const choice = choices.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
  if (choice !== undefined) return { value: choice };
  return { expected: `one of ${choices.join(', ')}`, repair: `Write ${nearest(text, choices) ?? choices.join(' or ')}.` };
}

function withinLimits(rules: Rules, text: string, read: (text: string) => number | undefined, expected: string, repair: string): Reading {
  const value = read(text);
  if (value === undefined) return { expected, repair };
  const { minimum, maximum } = rules;
  if (minimum !== undefined && value < (read(minimum) ?? NaN)) return { expected: `at least ${minimum}`, repair: `Write ${minimum} or more.` };
  if (maximum !== undefined && value > (read(maximum) ?? NaN)) return { expected: `at most ${maximum}`, repair: `Write ${maximum} or less.` };
  return { value };
}

/** People write days and whole words; Go has neither. */
function durationRepair(text: string): string {
  const [, amount, word] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim()) ?? [];
  const ms = amount === undefined ? NaN : Number(amount) * (msOfWord(word ?? '') ?? NaN);
  return Number.isFinite(ms) ? `Write ${durationText(ms)} (the units are h, m, s and ms).` : 'Write a number and a unit: h, m, s or ms.';
}

function msOfWord(word: string): number | undefined {
  const units: readonly (readonly [RegExp, number])[] = [
    [/^(ms|milliseconds?|millis)$/i, 1], [/^(s|secs?|seconds?)$/i, 1000], [/^(m|mins?|minutes?)$/i, 60_000], [/^(h|hrs?|hours?)$/i, 3_600_000],
    [/^(d|days?)$/i, 86_400_000], [/^(w|weeks?)$/i, 604_800_000],
  ];
  return units.find(([names]) => names.test(word))?.[1];
}

/** A web address for an API or a login host: https unless it says otherwise, plain http only on this machine. */
export function readAddress(text: string): { readonly url: URL } | { readonly expected: string; readonly found: string; readonly repair: string } {
  const expected = 'a web address such as https://manage.office.com';
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || url.hostname === '') return { expected, found: quote(text), repair: 'Write https:// and the host name.' };
  if (url.username !== '' || url.password !== '') {
    return { expected, found: 'one with a user name or password', repair: 'Leave them out; the application signs in with its own credential.' };
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    return { expected: `${expected} (plain http only for 127.0.0.0/8, ::1 and localhost)`, found: quote(text), repair: `Write https://${url.host}.` };
  }
  if (url.search !== '' || url.hash !== '') return { expected, found: quote(text), repair: `Write ${url.origin}, without what follows the path.` };
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return { url };
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname);
}

/** What Elasticsearch takes as the last part of a data stream's name: https://www.elastic.co/docs/reference/ecs/ecs-data_stream#field-data-stream-namespace */
export function isNamespace(text: string): boolean {
  return text !== '' && text === text.toLowerCase() && Buffer.byteLength(text) <= 100 && !/[\s\\/*?"<>|,#:-]/.test(text) && !/^\.+$/.test(text);
}
