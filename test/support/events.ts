/** Raw events for tests that hold for every event: the inputs of the golden pairs, the simulator's, and real ones where there are any. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeCompany } from '../../plugin/simulator/company.ts';
import { FAMILIES } from '../../plugin/simulator/families/families.ts';
import { seededRandom } from '../../plugin/simulator/random.ts';
import { CONTENT_TYPES } from '../../plugin/types.ts';

export interface NamedEvent {
  /** Where it comes from, for messages. */
  readonly name: string;
  readonly text: Buffer;
}

const PER_RECORD_TYPE = 25;
const TIME_MS = Date.UTC(2026, 8, 8, 12);

/** Events of every record type that the simulator knows, always the same ones. */
export function simulatedEvents(): NamedEvent[] {
  const company = makeCompany(1, 0);
  return CONTENT_TYPES.flatMap((contentType) => FAMILIES[contentType].flatMap((family) => Object.keys(family.recordTypes).flatMap((recordType) => {
    const random = seededRandom(1, contentType, recordType);
    return Array.from({ length: PER_RECORD_TYPE }, (_, index) => ({
      name: `${contentType}, record type ${recordType}, number ${index + 1}`,
      text: Buffer.from(JSON.stringify(family.make({ company, random, timeMs: TIME_MS }, Number(recordType)))),
    }));
  })));
}

/** Real events: those of `events/*.ndjson` in the folder that O365AUDIT_DATA_DIR names; none when it names none. */
export function realEvents(folder = process.env.O365AUDIT_DATA_DIR): NamedEvent[] {
  if (folder === undefined) return [];
  const events = join(folder, 'events');
  return readdirSync(events).filter((file) => file.endsWith('.ndjson')).flatMap((file) => readFileSync(join(events, file), 'utf8').split('\n')
    .map((line, index) => ({ name: `${file}:${index + 1}`, text: Buffer.from(line) })).filter(({ text }) => text.length > 0));
}
