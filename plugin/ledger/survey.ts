/** Looks into a state directory without taking it, whether a collector holds it or not, and changes nothing there. */
import { join } from 'node:path';
import { failure, reasonOf } from '../errors.ts';
import { JOURNAL_VERSION, readFact } from './fact.ts';
import { namesIn } from './files.ts';
import { readJournal } from './journal-reader.ts';
import { fileNameOf, JOURNAL_FOLDER, JOURNAL_SUFFIX } from './ledger.ts';
import { holderOf as holderOfLock } from './lock.ts';
import { TenantState } from './tenant-state.ts';

export interface Survey {
  /** As the journal itself says, which is as the configuration had it. */
  readonly tenantId: string;
  readonly file: string;
  readonly state: TenantState;
  /** Lines that are damaged; the next collector mends them. */
  readonly badLines: number;
  /** Of a newer program, which this one cannot read. */
  readonly isNewer: boolean;
}

/** Runs `look`; whatever the system says against looking into the directory is rejected with as LEDGER_DIRECTORY. */
export async function lookInto<Result>(directory: string, look: () => Promise<Result>): Promise<Result> {
  try {
    return await look();
  } catch (error) {
    throw failure('LEDGER_DIRECTORY', { directory, reason: reasonOf(error) }, error);
  }
}

/** The collector that holds a state directory; undefined when none does. Throws LEDGER_DIRECTORY. */
export function holderOf(directory: string): ReturnType<typeof holderOfLock> {
  return lookInto(directory, () => holderOfLock(directory));
}

/** All tenants' journals, by name. None where there is no such directory. Throws LEDGER_DIRECTORY. */
export async function surveyLedger(directory: string, nowMs: number): Promise<readonly Survey[]> {
  const folder = join(directory, JOURNAL_FOLDER);
  return lookInto(directory, async () => {
    const names = (await namesIn(folder)).filter((name) => name.endsWith(JOURNAL_SUFFIX)).sort();
    const surveys: Survey[] = [];
    // One after the other: the index of a large tenant takes a while, and memory, to read.
    for (const name of names) surveys.push(await readSurvey(join(folder, name), nowMs));
    return surveys;
  });
}

/** The journal of one tenant; of one that has none, nothing is known. Throws LEDGER_DIRECTORY. */
export async function surveyTenant(directory: string, tenantId: string, nowMs: number): Promise<Survey> {
  return lookInto(directory, () => readSurvey(join(directory, JOURNAL_FOLDER, `${fileNameOf(tenantId)}${JOURNAL_SUFFIX}`), nowMs));
}

async function readSurvey(file: string, nowMs: number): Promise<Survey> {
  const state = new TenantState('');
  let tenantId = '';
  let badLines = 0;
  let isNewer = false;
  await readJournal(file, {
    good(value) {
      const fact = readFact(value);
      if (fact?.fact === 'journal') {
        tenantId = fact.tenant;
        isNewer = fact.version > JOURNAL_VERSION;
      } else if (fact !== undefined) state.take(fact, nowMs);
      return !isNewer;
    },
    bad() {
      badLines += 1;
    },
  });
  return { tenantId, file, state, badLines, isNewer };
}
