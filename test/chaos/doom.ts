/** How a run of the collector ends before its time, and what a power cut leaves of its journals. */
import { appendFileSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fact } from '../../plugin/ledger/fact.ts';
import { SNAPSHOT_BYTES_MIN } from '../../plugin/ledger/journal.ts';
import { encodeLine } from '../../plugin/ledger/line.ts';
import type { Random } from '../../plugin/simulator/random.ts';

/** When it is killed. */
export type Doom =
  | { readonly kind: 'after a time'; readonly ms: number }
  | { readonly kind: 'after events' | 'after commits'; readonly count: number }
  /** By itself, at a moment that nobody outside can hit: see kill-at-write.ts. */
  | { readonly kind: 'in a write' | 'before a sync' | 'after a sync' | 'before a rename' | 'after a rename'; readonly at: number; readonly share: number };

/** A doom that lets most runs get somewhere, and some not even start; where journals have grown it often lies in writing them anew. */
export function drawDoom(random: Random, haveGrown: boolean): Doom {
  const draw = random.next();
  if (haveGrown && random.chance(0.6)) {
    return { kind: random.pick(['in a write', 'before a sync', 'after a sync', 'before a rename', 'after a rename']), at: random.integer(1, 2), share: random.next() };
  }
  if (draw < 0.25) return { kind: 'after a time', ms: random.integer(0, 2_000) };
  if (draw < 0.45) return { kind: 'after events', count: random.integer(1, 200) };
  if (draw < 0.65) return { kind: 'after commits', count: random.integer(1, 40) };
  const at = random.integer(1, 12);
  const share = random.next();
  if (draw < 0.95) return { kind: random.pick(['in a write', 'before a sync', 'after a sync']), at, share };
  return { kind: random.pick(['before a rename', 'after a rename']), at: 1, share };
}

/** The largest piece that a power cut takes from the end of a journal here. */
const CUT_BYTES = 3_000;
const LINE_FEED = 0x0a;

/** Does to the journals what power cuts and bad disks do; returns what was done. */
export function damageJournals(stateDir: string, random: Random): readonly ('cut' | 'flipped')[] {
  return journalsIn(stateDir).flatMap((file): ('cut' | 'flipped')[] => {
    const { size } = statSync(file);
    if (size === 0) return [];
    if (random.chance(0.08)) {
      truncateSync(file, Math.max(0, size - random.integer(1, CUT_BYTES)));
      return ['cut'];
    }
    if (!random.chance(0.03)) return [];
    const bytes = readFileSync(file);
    const at = random.integer(0, size - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
    writeFileSync(file, bytes);
    return ['flipped'];
  });
}

/** The line of a blob that was delivered and has expired since; all are of one length. */
const pastLine = (number: number): string => encodeLine({
  fact: 'committed', type: 'Audit.General', id: `20200101000000000000$20200101000000000000$audit_general$Audit_General$na${String(number).padStart(5, '0')}`, expires: '2020-01-08T00:00:00.000Z',
} satisfies Fact);

/**
 * Has each journal be as long as it is after a month, so that the next run writes it anew: by what a month leaves in it, blobs which were delivered and have
 * expired. Answers how many have grown; one whose last line was cut off by a kill does not.
 */
export function growJournals(stateDir: string): number {
  let grown = 0;
  for (const file of journalsIn(stateDir)) {
    const bytes = readFileSync(file);
    if (bytes.at(-1) !== LINE_FEED || bytes.length > SNAPSHOT_BYTES_MIN) continue;
    const count = Math.ceil((SNAPSHOT_BYTES_MIN + 1 - bytes.length) / pastLine(0).length);
    appendFileSync(file, Array.from({ length: count }, (_, number) => pastLine(number)).join(''));
    grown += 1;
  }
  return grown;
}

function journalsIn(stateDir: string): readonly string[] {
  try {
    return readdirSync(join(stateDir, 'ledger')).filter((name) => name.endsWith('.journal')).map((name) => join(stateDir, 'ledger', name));
  } catch {
    return []; // it was killed before it made the folder
  }
}
