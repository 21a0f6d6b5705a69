/** Looks up in the store whatever was delivered and the service still serves, and sends again exactly those events that are not there. */
import { splitterOf } from '../collect/records.ts';
import { forwardOptions } from '../collect/rooms.ts';
import { refusalOf } from '../collect/take-apart.ts';
import { createGathering } from '../module/gathering.ts';
import { loadModule, type EcsModule } from '../module/instance.ts';
import type { Splitter } from '../module/splitter.ts';
import { openOutput } from '../output/output.ts';
import type { Store } from '../store/client.ts';
import { countSetAside } from '../store/failures.ts';
import { textAt } from '../store/json.ts';
import { mayBeDeleted, readRetention, type Retention } from '../store/retention.ts';
import type { Search } from '../store/search.ts';
import { eventStreamOf } from '../store/streams.ts';
import { counted } from '../telemetry/counted.ts';
import type { Batch, ContentBlob, Output, Surroundings } from '../types.ts';
import { countOf, type AuditFindings, type MissingEvents } from './audit-report.ts';
import type { AuditRooms, Visit } from './audit-tenant.ts';
import { withStore, type StoreOptions } from './store.ts';

/** Of all namespaces: an event that was stored before its tenant got another one is not missing. */
const STREAMS = eventStreamOf('*');
/** Ids of one question to the store. */
const IDS_AT_ONCE = 1_000;
/** Blobs that are read at the same time. */
const CONCURRENCY = 4;
/** What was delivered a moment ago becomes searchable after the next refresh, and log agents keep it for a while before. */
const SETTLING_MS = 10_000;
const CLOSE_MS = 4_000;
/** How often an event alone is sent whose batch was refused. */
const EVENT_ATTEMPTS = 2;
/** When so many events of a batch are refused, and none is taken, nothing is taken at the moment. */
const REFUSALS_MAX = 14;
/** How long what was sent again is looked for: a log agent sends every second or so what it has, and a store takes a second to show it. */
const LOOK_INTERVAL_MS = 5_000;
const LOOKS_MAX = 12;
/** What an id is read in. */
const AS_TEXT = { output: 'stdout', encoding: 'ndjson', format: 'raw' } as const;

/** Which events of which blob are missing, and how the blob is had once more. */
interface Gap extends MissingEvents {
  readonly blob: ContentBlob;
  readonly audit: Parameters<Visit>[1];
  readonly ids: Set<string>;
}

/** Runs an audit that looks up every event of the blobs it is shown; with `repair` what is missing is sent again. Rejects as the audit, with STORE_ and OUTPUT_ failures. */
export async function auditStore(options: StoreOptions, rooms: AuditRooms, surroundings: Surroundings, repair: boolean,
  auditAll: (visit: Visit) => Promise<AuditFindings>): Promise<AuditFindings> {
  return withStore(options, surroundings, rooms.log, async (store) => {
    const module = await loadModule(surroundings.programFolder, rooms.log);
    const gaps: Gap[] = [];
    let lookedUp = 0;
    const findings = await auditAll(async (blobs, audit) => {
      const rest = [...blobs];
      await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
        for (let blob = rest.shift(); blob !== undefined; blob = rest.shift()) {
          const ids = await idsOf(blob, audit, module, rooms);
          lookedUp += ids.size;
          await dropPresent(ids, store, rooms.stop, { passesClosed: true });
          if (ids.size > 0) gaps.push({ blob, audit, ids, tenantId: audit.tenant.id, contentType: blob.contentType, created: blob.contentCreated });
        }
      }));
    });
    if (gaps.length > 0) await rooms.clock.wait(SETTLING_MS, rooms.stop);
    for (const { ids } of gaps) await dropPresent(ids, store, rooms.stop);
    const absent = await partByRetention(gaps.filter(({ ids }) => ids.size > 0).sort((left, right) => left.created < right.created ? -1 : 1), store, rooms);
    const { missing } = absent;
    const about = { name: store.name, lookedUp, ...absent, setAside: await countSetAside(store, STREAMS, rooms.stop) };
    if (!repair || missing.length === 0) return { ...findings, store: about };
    // where nothing is shown, all of it may well be there: under another address, or for other eyes
    const shown = new Set(absent.retentions.flatMap(({ stream, isThere }) => isThere ? stream : []));
    const wanted = missing.filter((gap) => shown.has(streamOf(gap, rooms)));
    const done: string[] = [];
    let stillMissing = countOf(missing) - countOf(wanted);
    if (stillMissing > 0) done.push(`${counted(stillMissing, 'event was', 'events were')} not sent again: ${store.name} shows no data stream for that. Where the store is new, make it first (PUT _data_stream/NAME).`);
    if (wanted.length === 0) return { ...findings, done, store: { ...about, stillMissing } };
    const refused = await sendAgain(wanted, module, rooms, surroundings);
    const unfound = await waitUntilPresent(wanted, store, rooms);
    stillMissing += unfound;
    const sent = counted(countOf(wanted), 'event was missing in the store, was sent again', 'events were missing in the store, were sent again');
    done.push(unfound === 0 ? `${sent}, and nothing of it is missing there now.` : `${sent}, and ${unfound} cannot be found there yet. Run the audit again when the log agent has nothing left to send.`);
    if (refused > 0) done.push(`${counted(refused, 'of these events is', 'of these events are')} not taken by the log agent: o365audit status tells whether they are dead letters.`);
    return { ...findings, done, store: { ...about, stillMissing } };
  });
}

/** Where the collector's events of a tenant go. */
function streamOf({ audit: { tenant } }: Gap, { collector }: AuditRooms): string {
  return eventStreamOf(tenant.namespace ?? collector.namespace);
}

/** What the store may have deleted by right is not missing. */
async function partByRetention(gaps: readonly Gap[], store: Store, rooms: AuditRooms): Promise<{ readonly missing: readonly Gap[]; readonly expired: readonly Gap[]; readonly retentions: readonly Retention[] }> {
  const retentions = new Map<string, Retention>();
  const [missing, expired]: [Gap[], Gap[]] = [[], []];
  for (const gap of gaps) {
    const stream = streamOf(gap, rooms);
    const retention = retentions.get(stream) ?? await readRetention(store, stream, rooms.stop);
    retentions.set(stream, retention);
    (mayBeDeleted(retention, Date.parse(gap.created), rooms.clock.nowMs()) ? expired : missing).push(gap);
  }
  // the service lists an event in more than one blob, and the collector stores it by the first
  const gone = new Set(expired.flatMap(({ ids }) => [...ids]));
  for (const { ids } of missing) for (const id of ids) if (gone.has(id)) ids.delete(id);
  return { missing: missing.filter(({ ids }) => ids.size > 0), expired, retentions: [...retentions.values()] };
}

/** The ids of all events of a blob, as documents have them. */
async function idsOf(blob: ContentBlob, audit: Gap['audit'], module: EcsModule, rooms: AuditRooms): Promise<Set<string>> {
  const ids = new Set<string>();
  const names = oneByOne(blob, audit, module, rooms, AS_TEXT);
  try {
    for await (const chunk of await audit.api.open(blob, rooms.stop)) for (const { bytes } of names.push(chunk)) ids.add(idIn(bytes));
    for (const { bytes } of names.end()) ids.add(idIn(bytes));
  } finally {
    names.close();
  }
  return ids;
}

/** A splitter that yields each event of a blob alone, as the collector does or, in some respects, otherwise. */
function oneByOne(blob: ContentBlob, { source, tenant, tokens }: Gap['audit'], module: EcsModule, { collector, clock }: AuditRooms, otherwise: Partial<AuditRooms['collector']> = {}): Splitter {
  const origin = { blob: `The blob ${blob.contentId} of ${blob.contentType}`, contentType: blob.contentType, tenant: { ...tenant, id: tokens.identity?.tenantId ?? tenant.id } };
  return splitterOf(source, { config: { collector: { ...collector, ...otherwise, frameBytes: 1 } }, module, gathering: createGathering(0), surroundings: { clock } }, origin);
}

function idIn(text: Uint8Array): string {
  return textAt(JSON.parse(Buffer.from(text).toString()), 'event', 'id') ?? '';
}

/** Each event of a blob with its id, one after the other, as an entry for the output. */
async function* eventsOf(blob: ContentBlob, audit: Gap['audit'], module: EcsModule, rooms: AuditRooms): AsyncGenerator<{ readonly id: string; readonly entry: Uint8Array }> {
  // two in step: one says what the id is, the other makes what the output takes
  const [names, entries] = [oneByOne(blob, audit, module, rooms, AS_TEXT), oneByOne(blob, audit, module, rooms)];
  try {
    for await (const chunk of await audit.api.open(blob, rooms.stop)) yield* paired(names.push(chunk), entries.push(chunk));
    yield* paired(names.end(), entries.end());
  } finally {
    names.close();
    entries.close();
  }
}

function* paired(names: Generator<{ readonly bytes: Uint8Array }>, entries: Generator<{ readonly bytes: Uint8Array }>): Generator<{ readonly id: string; readonly entry: Uint8Array }> {
  for (const { bytes } of names) {
    const next = entries.next();
    if (next.done === true) return;
    yield { id: idIn(bytes), entry: next.value.bytes.slice() };
  }
  // the beginning of an event that goes on in the next chunk is to be read by both
  entries.next();
}

/** Takes out of `ids` those that the store has. What lies in closed indices is not there, where these are passed over. */
async function dropPresent(ids: Set<string>, store: Store, signal: AbortSignal, how: Pick<Search, 'passesClosed'> = {}): Promise<void> {
  const all = [...ids];
  for (let from = 0; from < all.length; from += IDS_AT_ONCE) {
    const asked = all.slice(from, from + IDS_AT_ONCE);
    for await (const hits of store.search(STREAMS, { query: { terms: { 'event.id': asked } }, source: ['event.id'], ...how }, signal)) {
      for (const { source } of hits) ids.delete(textAt(source, 'event', 'id') ?? '');
    }
  }
}

/** Looks for what was sent until all is there, or for as long as a log agent may take; resolves with how many are not. */
async function waitUntilPresent(gaps: readonly Gap[], store: Store, { clock, stop }: AuditRooms): Promise<number> {
  const ids = new Set(gaps.flatMap((gap) => [...gap.ids]));
  for (let look = 0; look < LOOKS_MAX && ids.size > 0; look++) {
    await clock.wait(LOOK_INTERVAL_MS, stop);
    await dropPresent(ids, store, stop);
  }
  return ids.size;
}

/**
 * Fetches the blobs once more and delivers exactly the missing events, through the same output and past everything that would take them for known. Resolves with
 * how many of them the log agent does not take.
 */
async function sendAgain(gaps: readonly Gap[], module: EcsModule, rooms: AuditRooms, { stdout }: Surroundings): Promise<number> {
  const { collector, clock, log, stop } = rooms;
  const output = openOutput({ url: collector.output, stdout, closeTimeoutMs: CLOSE_MS, ...forwardOptions(collector) }, log, clock);
  const watch = output.watch();
  let refused = 0;
  try {
    for (const { blob, audit, ids } of gaps) {
      let entries: Uint8Array[] = [];
      let bytes = 0;
      for await (const { id, entry } of eventsOf(blob, audit, module, rooms)) {
        if (!ids.has(id)) continue;
        entries.push(entry);
        bytes += entry.byteLength;
        if (bytes < collector.frameBytes / 2) continue;
        refused += await deliver(entries, output);
        entries = [];
        bytes = 0;
      }
      refused += await deliver(entries, output);
    }
    await watch.settled(stop);
    return refused;
  } finally {
    await output.close();
  }
}

/**
 * Delivers entries together or, where they are refused, one by one: what the log agent refuses for ever must not keep the others back. Resolves with how many it
 * refuses; rejects as the output does, and with its refusal when nothing at all is taken.
 */
async function deliver(entries: readonly Uint8Array[], output: Output): Promise<number> {
  if (entries.length === 0) return 0;
  const before = output.acknowledged;
  if (await refusalOf(batchOf(entries), output) === undefined) return 0;
  if (entries.length === 1) return 1;
  let refused = 0;
  for (const entry of entries) {
    const found = await refusalOf(batchOf([entry]), output, EVENT_ATTEMPTS);
    if (found === undefined) continue;
    refused += 1;
    if (refused >= REFUSALS_MAX && output.acknowledged === before) throw found;
  }
  return refused;
}

function batchOf(entries: readonly Uint8Array[]): Batch {
  return { bytes: Buffer.concat(entries), eventCount: entries.length };
}
