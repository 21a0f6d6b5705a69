/** What a store should hold when everything has worked: the documents that the collector itself makes of a simulator's events. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { BulkEndpoint } from './bulk-endpoint.ts';
import { readJson, type Json } from './json.ts';
import { runProgram } from './program.ts';

/** The documents that the collector itself makes (`--format ecs`), by event.id. `folder` holds o365.yml, and takes the collector's state. */
export async function documentsOfCollector(folder: string): Promise<Map<string, string>> {
  const collector = await runProgram(['collect', '-c', join(folder, 'o365.yml'), '--format', 'ecs', '--once', '--state-dir', join(folder, 'reference')]);
  assert.equal(collector.ending?.status, 0, collector.stderr);
  return new Map(collector.lines().map((text) => [(JSON.parse(text) as { readonly event: { readonly id: string } }).event.id, text]));
}

/** Compares all documents of the store with these, number by number as they are written; the time of an event as an instant. */
export function compareDocuments({ documents }: BulkEndpoint, expected: ReadonlyMap<string, string>): void {
  assert.deepEqual(new Set(documents.keys()), new Set(expected.keys()));
  for (const [id, text] of expected) {
    const document = documents.get(id) ?? assert.fail(id);
    if (!isDeepStrictEqual(comparable(document.text), comparable(text))) assert.equal(document.text, text);
    // one without a time of its own has the time of fetching
    if (!isErrorDocument(text)) assert.equal(timeOf(document.text), timeOf(text), id);
  }
}

/**
 * A document without what cannot be equal in two runs: the agent's spelling of the time, when the event was fetched, and in error documents the original,
 * which is the text as each host had it.
 */
function comparable(text: string): Json {
  const { value, duplicates } = readJson(text);
  assert.deepEqual(duplicates, [], text);
  assert.ok(value instanceof Map);
  const event = value.get('event');
  assert.ok(event instanceof Map);
  assert.ok(value.delete('@timestamp'));
  assert.ok(event.delete('created'));
  if (isErrorDocument(text)) event.delete('original');
  return value;
}

const isErrorDocument = (text: string): boolean => text.includes('"kind":"pipeline_error"');
const timeOf = (text: string): number => Date.parse((JSON.parse(text) as { readonly '@timestamp': string })['@timestamp']);
