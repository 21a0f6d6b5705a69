/** Content blobs that a test knows one by one, and what a state directory says of them. */
import type { Simulator } from '../../plugin/simulator/simulator.ts';
import type { ContentBlob } from '../../plugin/types.ts';
import { inCopiedLedger } from './earlier-run.ts';
import { simulatedEvents } from './events.ts';
import { until } from './manual-clock.ts';

export interface KnownBlob extends ContentBlob {
  readonly ids: readonly string[];
}

export interface BacklogOptions {
  readonly blobs: number;
  readonly eventsPerBlob: number;
  /** A text that each event carries on top of its own members. */
  readonly ballast?: string;
  /** How far apart the blobs lie, and the newest before now; a minute by default. */
  readonly stepMs?: number;
}

/** The feeds whose records keep their Ids as they are. */
const FEEDS = ['Audit.AzureActiveDirectory', 'Audit.Exchange', 'Audit.SharePoint', 'Audit.General'] as const;
const LIFE_MS = 7 * 86_400_000;

/** Adds blobs of varied events to the first tenant, in turn to all feeds but DLP.All. */
export function addBacklog(simulator: Simulator, { blobs, eventsPerBlob, ballast, stepMs = 60_000 }: BacklogOptions): KnownBlob[] {
  const texts = simulatedEvents().filter(({ name }) => !name.startsWith('DLP')).map(({ text }) => text.toString('latin1'))
    .map((text) => (ballast === undefined ? text : `${text.slice(0, -1)},"Ballast":"${ballast}"}`));
  return Array.from({ length: blobs }, (_, number) => {
    const ageMs = (blobs - number) * stepMs;
    const lines = Array.from({ length: eventsPerBlob }, (_, index) => texts[(number * eventsPerBlob + index) % texts.length]);
    const { contentId, contentType, ids } = simulator.addEvents({ ndjson: lines.join('\n'), contentType: FEEDS[number % FEEDS.length], ageMs });
    const createdMs = Date.now() - ageMs;
    return {
      contentId, contentType, contentUri: '', ids: ids.filter((id) => id !== null),
      contentCreated: new Date(createdMs).toISOString(), contentExpiration: new Date(createdMs + LIFE_MS).toISOString(),
    };
  });
}

/** Windows end on whole seconds: what was added in this one is listed from the next one on. */
export async function untilListable(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  await until(() => Math.floor(Date.now() / 1000) > second, 'the next second');
}

/** All event ids in blobs. */
export function idsIn(blobs: Iterable<KnownBlob>): Set<string> {
  return new Set([...blobs].flatMap(({ ids }) => ids));
}

/** Which of the blobs the state directory holds for delivered. */
export function committedIn(stateDir: string, tenantId: string, blobs: readonly KnownBlob[]): Promise<KnownBlob[]> {
  return inCopiedLedger(stateDir, async (ledger) => {
    const tenant = await ledger.tenant(tenantId);
    const open = new Set([...tenant.owed(), ...tenant.losses(), ...tenant.owe(blobs)].map(({ contentId }) => contentId));
    return blobs.filter(({ contentId }) => !open.has(contentId));
  });
}
