/**
 * Inputs for the mapping, made from events: each value in turn in every shape, several at once, long, deep and many, cut at every byte, and bytes that are
 * no text. The same events and the same seed make the same inputs.
 */
import { readFields } from '../../mapping/generate/fields.ts';
import { type Random, seededRandom } from '../../plugin/simulator/random.ts';
import { mutated, strangeEvents } from '../support/hostile.ts';
import { type Place, placesOf } from './places.ts';
import { KEYS, SHAPES } from './variants.ts';

export interface FuzzInput {
  /** How it was made. */
  readonly kind: keyof typeof SHARES;
  readonly bytes: Buffer;
}

/** Of a hundred inputs so many are of each kind. */
const SHARES = { value: 46, several: 18, cut: 26, large: 1, bytes: 6, strange: 3 } as const;
const TURN = Object.entries(SHARES).flatMap(([kind, share]) => Array<string>(share).fill(kind)) as (keyof typeof SHARES)[];
const shapes = Object.values(SHAPES);

/** What a record of the collector can ask of the mapping; `dlp_detections` and `strip_quotes` change values, the others only add to a document. */
const OPTIONS = ['"alerts":"peers"', '"dlp_message":true', '"info_string_user_agent":true', '"parse_parameters":true', '"rule_name_air":true', '"target_roles":true', '"user_roles":true', '"dlp_detections":"hash"',
  '"dlp_detections":"drop"', '"strip_quotes":true', '"user_roles":7', '"alerts":{}'];
const SURROUNDINGS = ['"event":{"id":"b2e3","created":"2026-09-01T08:16:00.000Z"}', '"organization":{"id":"3F2504E0-4F89-41D3-9A0C-0305E82C3301","name":"Brackwater"}',
  '"data_stream":{"type":"logs","dataset":"o365.audit","namespace":"ship"}', '"tags":["forwarded","quay"]', '"labels":{"berth":"7"}', '"host":{"name":"shipper"}', '"event":7', '"tags":"x"', '"labels":[1,{"a":null}]',
  '"o365audit_document":"00000031"', '"o365audit_document":7', '"o365":7'];

/** Makes inputs from events, which are texts of JSON. */
export function createInputs(events: readonly Buffer[], seed: number): { next(): FuzzInput } {
  const random = seededRandom('fuzz', seed);
  const texts = events.map((event) => event.toString());
  const values = everyValue(texts, random);
  const cuts = everyCut(events, random);
  const strange = strangeEvents(random);
  const names = readFields('mapping/fields.yml').map(({ name }) => name.slice(name.lastIndexOf('.') + 1)).filter((name) => !name.includes('*'));
  const make: Readonly<Record<FuzzInput['kind'], () => Buffer>> = {
    value: () => Buffer.from(values()),
    several: () => Buffer.from(several(random.pick(texts), random, names)),
    cut: cuts,
    large: () => Buffer.from(large(random.pick(texts), random)),
    bytes: () => mutated(events, random),
    strange: () => Buffer.from(strange.next()),
  };
  let count = 0;
  return {
    next: () => {
      // 37 and 100 have no common divisor: the kinds take turns, and none waits long
      const kind = TURN[(count++ * 37) % TURN.length] ?? 'value';
      return { kind, bytes: make[kind]() };
    },
  };
}

/** Goes through the numbers below `size`, each once before any comes again, without an order that one could see. */
function everyNumber(size: number, random: Random): () => number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let step = Math.max(1, Math.floor(size * 0.618));
  while (divisor(size, step) !== 1) step++;
  let at = random.integer(0, size - 1);
  return () => (at = (at + step) % size);
}

/** The event at a number that counts through all events, each with as many numbers as `sizeOf` says. */
function everyPart<T>(items: readonly T[], sizeOf: (item: T) => number, random: Random): () => [item: T, part: number] {
  const ends: number[] = [];
  for (const item of items) ends.push((ends.at(-1) ?? 0) + sizeOf(item));
  const next = everyNumber(ends.at(-1) ?? 0, random);
  return () => {
    const number = next();
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) > number) high = middle;
      else low = middle + 1;
    }
    return [items[low] as T, number - (ends[low - 1] ?? 0)];
  };
}

/** Each value of each event in each shape. */
function everyValue(texts: readonly string[], random: Random): () => string {
  const places = texts.map((text) => placesOf(text).filter(({ kind }) => kind === 'value'));
  const next = everyPart(places, (ofOne) => ofOne.length * shapes.length, random);
  return () => {
    const [ofOne, part] = next();
    const place = ofOne[Math.floor(part / shapes.length)];
    const shape = shapes[part % shapes.length];
    if (place === undefined || shape === undefined) throw new RangeError(`no value ${part}`);
    return place.put(shape(place.json));
  };
}

/** The first bytes of each event, as many as it has, and none. */
function everyCut(events: readonly Buffer[], random: Random): () => Buffer {
  const next = everyPart(events, (event) => event.length, random);
  return () => {
    const [event, length] = next();
    return event.subarray(0, length);
  };
}

/** An event of which a few places have become something else, keys as well as values, and which may lie in a record. */
function several(event: string, random: Random, names: readonly string[]): string {
  let text = event;
  for (let changes = random.integer(1, 6); changes > 0; changes--) {
    const places = placesOf(text);
    if (places.length === 0) break;
    const place = random.pick(places);
    text = place.put(place.kind === 'key' ? random.pick(KEYS)(place.json, random.pick(names)) : otherValue(place, places, random));
  }
  return random.chance(0.3) ? wrapped(text, random) : text;
}

/** Another shape, or what stands elsewhere in the event. */
function otherValue(place: Place, places: readonly Place[], random: Random): string {
  if (random.chance(0.8)) return random.pick(shapes)(place.json);
  const elsewhere = random.pick(places).json;
  // without growing beyond all bounds
  return elsewhere.length > 4000 ? '"Sluice"' : elsewhere;
}

function wrapped(event: string, random: Random): string {
  const options = random.sample(OPTIONS, random.integer(0, 3));
  const members = [...random.sample(SURROUNDINGS, random.integer(0, 4)), ...(options.length > 0 ? [`"o365audit_options":{${options.join(',')}}`] : [])];
  members.splice(random.integer(0, members.length), 0, `"o365audit":${event}`);
  return `{${members.join(',')}}`;
}

/** An event with one value that is long, deep or many. */
function large(event: string, random: Random): string {
  const places = placesOf(event).filter(({ kind }) => kind === 'value');
  if (places.length === 0) return '['.repeat(100_000);
  const place = random.pick(places);
  const count = random.pick([20, 300, 2000, 5000]);
  const row = (make: (index: number) => string): string => Array.from({ length: count }, (_, index) => make(index)).join(',');
  const json = place.json.length > 200 ? '"Sluice"' : place.json;
  return place.put(random.pick([
    () => JSON.stringify('Schleuse 🚢 "x" \\ \u0007 '.repeat(count)),
    () => JSON.stringify('x'.repeat(count * 20)),
    () => `"${'\\u0001\\ud83d'.repeat(count)}"`,
    () => JSON.stringify(`${'a@'.repeat(count)}|#[;,. (1b)`),
    () => `[${row(() => json)}]`,
    () => `{${row((index) => `"key${index}":${json}`)}}`,
    () => `[${row((index) => `{"Name":"name ${index}","Value":${json}}`)}]`,
    () => `[${row((index) => `{"Name":"name ${index % 7}","NewValue":${json},"OldValue":"x"}`)}]`,
    () => `${'['.repeat(count)}${json}${']'.repeat(count)}`,
    () => `${'{"k":'.repeat(count)}${json}${'}'.repeat(count)}`,
    () => JSON.stringify(`${'[{"k":'.repeat(count)}1${'}]'.repeat(count)}`),
    () => JSON.stringify(`[${row(() => json)}]`),
    () => `[${row((index) => `[${'['.repeat(index % 20)}${json}${']'.repeat(index % 20)}]`)}]`,
  ])());
}
