/** What is wrong with the document that the mapping makes of an input, whatever the input is. */
import { readFields } from '../../mapping/generate/fields.ts';
import { type Drop } from '../support/drops.ts';
import { createFieldCheck } from '../support/fields.ts';
import { readJson } from '../support/json.ts';
import { openModule, type RawModule } from '../support/module.ts';
import { missingValues } from '../support/whole.ts';
import { FOUND } from './variants.ts';

export interface Judge {
  /** The complaints, a sentence each; the first ones are the gravest. */
  faults(input: Uint8Array): string[];
  /** How many values each row of mapping/tables/drops.tsv has excused so far. */
  readonly excused: ReadonlyMap<Drop, number>;
}

/** These options ask the mapping to change values, so that they are not found again; what was to be dropped is not in event.original either. */
const CHANGING_OPTIONS = ['dlp_detections', 'strip_quotes'];
/** As deep as the reader of these tests goes; the mapping goes deeper. */
const NESTING_LIMIT = 900;
/** More digits than a double prints. */
const LONG_NUMBER = /[\d.]{16}|\d[eE][+-]?\d/;
/** Names that belong to the mapping, so that what stands there has to conform. */
const FIELD_SETS = new Set(readFields('mapping/fields.yml').map(({ name }) => name.split('.')[0] ?? ''));
/** Arrays in the labels of an agent are as they were. */
const LABELS = /^labels\.[^]* (?:has a value twice|has an array in it|is an array of one)$/;
/** Detections as variants.ts makes them, in a text and with an escape in their name, too. */
const DETECTED = new RegExp(String.raw`"Det(?:e|\\+u0065)ctedValues\\*":\[\{\\*"Name\\*":\\*"${FOUND}\\*",\\*"Value\\*":\\*"pay to ${FOUND}\\*"`, 'g');
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A judge with an instance of the module of its own, from the file that the build makes unless told otherwise. */
export function createJudge(file?: string): Judge {
  const check = createFieldCheck();
  const excused = new Map<Drop, number>();
  let module = openModule(file);
  return {
    excused,
    faults: (input) => {
      try {
        return documentFaults(module, input, check, excused);
      } catch (error) {
        // after a trap an instance is not used again
        module = openModule(file);
        return [`trap or no JSON: ${error instanceof Error ? error.message : String(error)}`];
      }
    },
  };
}

/** Throws what the module or a reader throws. */
function documentFaults(module: RawModule, input: Uint8Array, check: ReturnType<typeof createFieldCheck>, excused: Map<Drop, number>): string[] {
  const text = textOf(input);
  const isWrapped = text === undefined || isRecord(text);
  const conforms = (document: string): string[] => {
    const { value, duplicates } = readJson(document);
    if (!(value instanceof Map)) return ['no object'];
    const found = duplicates.map((path) => `${path}: stands twice`);
    if (/[\r\n]/.test(document)) found.push('more than one line');
    const parsed = JSON.parse(document) as Document;
    // what a record brings besides is not the mapping's
    const ours = check(parsed).filter((violation) => !isWrapped || (FIELD_SETS.has(/^(?:[^.:]|:(?! ))*/.exec(violation)?.[0] ?? '') && !LABELS.test(violation)));
    return [...found, ...ours, ...errorFaults(parsed), ...(isWrapped ? [] : idFaults(parsed))];
  };
  const document = module.mapRecord(input);
  const found = conforms(document);
  const inFluentBit = module.map(input);
  if (document.replace(/^\{"@timestamp":"[^"]+",?/, '{') !== inFluentBit) {
    // numbers that Fluent Bit has rounded are normalised by the one function only
    if (text === undefined || LONG_NUMBER.test(text)) found.push(...conforms(inFluentBit).map((fault) => `o365_to_ecs: ${fault}`));
    else found.push('mapRecord: another document than o365_to_ecs gives');
  }
  return text === undefined ? found : [...found, ...secretFaults(text, document), ...secretFaults(text, inFluentBit), ...lossFaults(text, document, excused)];
}

interface Document {
  readonly event?: Readonly<{ id?: unknown; kind?: unknown; original?: unknown }>;
  readonly error?: Readonly<{ message?: unknown }>;
  readonly tags?: unknown;
}

/** A record may bring its own event.original, in any spelling. */
const BRINGS_ORIGINAL = /"(?:event\.)?original"/;

function withoutEscapes(text: string): string {
  return text.replace(/\\u00([2-7][0-9a-f])/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** R001: what a store takes for the id of a document, and a log agent hands on as it is. */
function idFaults({ event }: Document): string[] {
  const id = event?.id;
  return typeof id === 'string' && Buffer.byteLength(id) <= 512 && JSON.stringify(id) === `"${id}"` ? [] : ['event.id: none that every store and agent takes'];
}

/** R925: an error, the kind, the tag and the event's text come together. */
function errorFaults({ event, error, tags }: Document): string[] {
  const saysError = error?.message !== undefined;
  if (saysError !== (event?.kind === 'pipeline_error')) return ['event.kind: pipeline_error and error.message do not come together'];
  if (saysError && !(Array.isArray(tags) && tags.includes('preserve_original_event'))) return ['tags: an error without preserve_original_event'];
  return [];
}

/** What data loss prevention has found is not in a document that is to be without it. The names around it may have been changed: then it is a value like any other. */
function secretFaults(text: string, document: string): string[] {
  if (!document.includes(FOUND) || !isReadable(text) || !isRecord(text)) return [];
  const { o365audit_options: options } = JSON.parse(text) as { o365audit_options?: { dlp_detections?: unknown } };
  if (options?.dlp_detections !== 'hash' && options?.dlp_detections !== 'drop') return [];
  return text.split(FOUND).length - 1 === 2 * [...text.matchAll(DETECTED)].length ? [`${FOUND}: in the document`] : [];
}

/** Nothing is missing but by the closed list, and what its rows want said is said. */
function lossFaults(text: string, document: string, excused: Map<Drop, number>): string[] {
  const { event, error } = JSON.parse(document) as Document;
  const original = event?.original;
  const found: string[] = [];
  if (error?.message !== undefined && text !== '') {
    if (typeof original !== 'string') found.push(...(asksForChanges(text) ? [] : ['event.original: not there beside an error']));
    else if (text !== original && !text.includes(original) && !BRINGS_ORIGINAL.test(withoutEscapes(text))) found.push('event.original: not the text of the event');
  }
  if (!isReadable(text) || asksForChanges(text)) return found;
  const unsaid = new Set<string>();
  const missing = missingValues(text, document, (drop, path) => {
    excused.set(drop, (excused.get(drop) ?? 0) + 1);
    if (drop.isSaid && error?.message === undefined) unsaid.add(`${path}: dropped by ${drop.rule} without a word`);
  });
  return [...found, ...missing, ...unsaid];
}

/** Whether it is a record of the collector and no bare event. */
function isRecord(text: string): boolean {
  try {
    const record = JSON.parse(text) as unknown;
    return typeof record === 'object' && record !== null && Object.hasOwn(record, 'o365audit');
  } catch {
    return text.includes('"o365audit"');
  }
}

/** Whether a record has one of those options; of what is no JSON it may be so. */
function asksForChanges(text: string): boolean {
  if (!text.includes('options') && !text.includes('dlp_detections') && !text.includes('\\u')) return false;
  try {
    const options = (JSON.parse(text) as { o365audit_options?: unknown }).o365audit_options;
    return typeof options === 'object' && options !== null && CHANGING_OPTIONS.some((name) => Object.hasOwn(options, name));
  } catch {
    return text.includes('"o365audit_options"') || text.includes('"dlp_detections"');
  }
}

function textOf(input: Uint8Array): string | undefined {
  try {
    return decoder.decode(input);
  } catch {
    return undefined; // no UTF-8: what its text would be is anybody's guess
  }
}

/** Whether the text is JSON, and one that the tests' own reader can take. */
function isReadable(text: string): boolean {
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  return depthOf(text) < NESTING_LIMIT;
}

/** How many brackets are open at once, also those inside of strings. */
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const mark of text) {
    if (mark === '[' || mark === '{') deepest = Math.max(deepest, ++depth);
    else if (mark === ']' || mark === '}') depth--;
  }
  return deepest;
}
