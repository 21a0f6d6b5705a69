/** The golden pairs of the mapping: test/mapping/cases/README.md says how they are named and compared. */
import { deepStrictEqual } from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface GoldenCase {
  /** `<family>/<rule>-<what it shows>`. */
  readonly name: string;
  /** What goes into the mapping: the file's text without the white space between its tokens, so that texts of objects are compact. */
  readonly input: Buffer;
  /** The document that must come out of the collector. */
  readonly expected: object;
}

/** The host's time while golden pairs are mapped, in seconds: 2026-01-01T00:00:00Z. */
export const GOLDEN_SECONDS = Date.UTC(2026, 0, 1) / 1000;

const FOLDER = 'test/mapping/cases';
const EXPECTED = '.ecs.json';

/** Every pair below test/mapping/cases, by name. Throws when a file of it has no partner. */
export function goldenCases(): GoldenCase[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json')).sort();
  const names = new Set(files.map((file) => file.replace(/(\.ecs)?\.json$/, '')));
  return [...names].map((name) => ({
    name,
    input: Buffer.from(withoutSpace(readFileSync(join(FOLDER, `${name}.json`), 'utf8'))),
    expected: JSON.parse(readFileSync(join(FOLDER, name + EXPECTED), 'utf8')) as object,
  }));
}

/**
 * Throws an AssertionError unless a document is the expected one. Inside Fluent Bit a document has no `@timestamp`. Where no id is expected, the hash
 * that stands for one (R001) may be there.
 */
export function compareGolden(document: object, expected: object, host: 'fluent-bit' | 'collector' = 'fluent-bit'): void {
  const { '@timestamp': time, ...rest } = expected as Record<string, unknown>;
  const wanted = host === 'collector' ? { '@timestamp': time, ...rest } : rest;
  deepStrictEqual(withoutHash(document, idOf(expected) === undefined), wanted);
}

function idOf(document: object): unknown {
  return (document as { event?: { id?: unknown } }).event?.id;
}

function withoutHash(document: object, mayHaveHash: boolean): object {
  const id = idOf(document);
  if (!mayHaveHash || typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id)) return document;
  const { event, ...rest } = document as { event: Record<string, unknown> };
  return { ...rest, event: Object.fromEntries(Object.entries(event).filter(([name]) => name !== 'id')) };
}

/** A text without white space outside of JSON strings; texts that are no JSON stay as they are otherwise. */
function withoutSpace(text: string): string {
  return text.replace(/("(?:[^"\\]|\\[^])*(?:"|$))|\s+/g, (_, string: string | undefined) => string ?? '');
}
