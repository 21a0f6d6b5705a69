/** The faults that happen at once: each puts something into a feed that a collector must be able to live with. */
import { failure } from '../errors.ts';
import { CONTENT_TYPES, type ContentType } from '../types.ts';
import type { ServedEvent } from './blob.ts';
import type { Company } from './company.ts';
import { servedEvent, servedText, type EventSource } from './event-source.ts';
import type { AuditEvent } from './families/family.ts';
import type { ActName, FaultParameter } from './faults.table.ts';
import type { FaultSetting } from './faults.ts';
import type { FeedStore } from './feed-store.ts';
import type { FeedWriter } from './feed-writer.ts';
import type { Random } from './random.ts';

export interface ActOptions {
  readonly companies: readonly Company[];
  readonly store: FeedStore;
  readonly writer: FeedWriter;
  readonly source: EventSource;
  readonly random: Random;
  readonly nowMs: () => number;
}

type Parameters = Readonly<Record<string, FaultParameter>>;

const MEBIBYTE = 1024 * 1024;
const COMPANIONS = 5;
/** The members that a record cannot do without. */
const REQUIRED = new Set(['Id', 'RecordType', 'CreationTime', 'Operation', 'OrganizationId', 'UserType', 'UserKey', 'Workload', 'UserId', 'Version']);

/**
 * Makes the function that a fault of this kind calls: for the tenant and content type of its setting, else the first tenant's Audit.General.
 * It throws SIMULATOR_FAULT_SETTING when there is no such tenant or content type.
 */
export function createActs(options: ActOptions): (name: ActName, setting: FaultSetting, parameters: Parameters) => void {
  const { companies, nowMs, writer } = options;
  return (name, { tenant, contentType: given }, parameters) => {
    const company = companies.find(({ id }) => tenant === undefined || id === tenant.toLowerCase());
    const contentType = CONTENT_TYPES.find((one) => one === (given ?? 'Audit.General'));
    if (company === undefined) throw failure('SIMULATOR_FAULT_SETTING', { name, setting: 'tenant', expected: `one of ${companies.map(({ id }) => id).join(', ')}` });
    if (contentType === undefined) throw failure('SIMULATOR_FAULT_SETTING', { name, setting: 'contentType', expected: `one of ${CONTENT_TYPES.join(', ')}` });
    if (name === 'dlp-in-both-feeds') {
      addToBothFeeds(company, options);
      return;
    }
    const createdMs = nowMs() - (name === 'late-blob' ? Number(parameters.ageMs) : 0);
    const life = name === 'short-lived-blob' ? { lifeMs: Number(parameters.seconds) * 1000 } : {};
    writer.add({ company, contentType, createdMs, events: eventsFor(name, company, contentType, parameters, options), bare: name === 'bare-object', ...life });
  };
}

function eventsFor(name: Exclude<ActName, 'dlp-in-both-feeds'>, company: Company, contentType: ContentType, { mebibytes }: Parameters, options: ActOptions): ServedEvent[] {
  const some = (count = COMPANIONS): ServedEvent[] => options.source.take(company, contentType, options.nowMs(), count);
  const oneChanged = (change: (event: AuditEvent) => AuditEvent): ServedEvent[] => [...some(2), ...some(1).map((event) => changed(event, change)), ...some(2)];
  const bytes = Number(mebibytes) * MEBIBYTE;
  switch (name) {
    case 'record-in-two-blobs': return recordsAgain(company, contentType, options) ?? some();
    case 'event-without-id': return oneChanged((members) => Object.fromEntries(Object.entries(members).filter(([key]) => key !== 'Id')));
    case 'null-fields': return some().map((event) => changed(event, (members) => Object.fromEntries(Object.entries(members).map(([key, value]) => [key, REQUIRED.has(key) ? value : null]))));
    case 'huge-event': return oneChanged((members) => ({ ...members, Comments: 'x'.repeat(bytes) }));
    case 'big-blob': return manyEvents(bytes, some);
    case 'bare-object': return some(1);
    case 'late-blob': case 'short-lived-blob': return some();
  }
}

/** The records of the feed's oldest blob once more, their text untouched. */
function recordsAgain({ id }: Company, contentType: ContentType, { store }: ActOptions): ServedEvent[] | undefined {
  const oldest = store.shelf(id, contentType).blobs.find(({ ids, pieces }) => ids.length > 1 && pieces.length > 0);
  if (oldest === undefined) return undefined;
  const body = Buffer.concat(oldest.pieces);
  return oldest.ids.map((eventId, index) => ({ id: eventId, bytes: body.subarray(oldest.offsets[index], (oldest.offsets[index + 1] ?? oldest.length) - 1) }));
}

function addToBothFeeds(company: Company, { source, writer, random, nowMs }: ActOptions): void {
  const createdMs = nowMs();
  const [rich] = source.take(company, 'DLP.All', createdMs, 1);
  if (rich === undefined) return;
  const plain = changed(rich, (members) => ({ ...members, SensitiveInfoDetectionIsIncluded: false, PolicyDetails: [] }));
  const { Workload } = JSON.parse(rich.bytes.toString('utf8')) as { Workload: string };
  const contentType = Workload === 'Exchange' ? 'Audit.Exchange' : Workload === 'SharePoint' || Workload === 'OneDrive' ? 'Audit.SharePoint' : 'Audit.General';
  const again = servedText(plain.bytes.toString('latin1'), { company, random, timeMs: createdMs, keepIds: true });
  writer.add({ company, contentType: 'DLP.All', createdMs, events: [rich, ...source.take(company, 'DLP.All', createdMs, 2)] });
  writer.add({ company, contentType, createdMs, events: [again, ...source.take(company, contentType, createdMs, 2)] });
}

function manyEvents(bytes: number, some: (count: number) => ServedEvent[]): ServedEvent[] {
  const events: ServedEvent[] = [];
  for (let length = 0; length < bytes;) {
    const more = some(100);
    if (more.length === 0) break;
    events.push(...more);
    length += more.reduce((sum, event) => sum + event.bytes.length, 0);
  }
  return events;
}

function changed({ bytes }: ServedEvent, change: (event: AuditEvent) => AuditEvent): ServedEvent {
  return servedEvent(change(JSON.parse(bytes.toString('utf8')) as AuditEvent));
}
