/**
 * What is owed, on disk: a journal a tenant in the state directory, held by one process at a time. A blob is entered when it is listed and struck
 * out when it is delivered; whatever happens in between, it is found again.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock } from '../types.ts';
import { namesIn, realFiles, type JournalFiles } from './files.ts';
import { takeLock } from './lock.ts';
import { openTenantLedger, type TenantLedger } from './tenant-ledger.ts';

export type { TenantLedger } from './tenant-ledger.ts';
export type { Loss, LostWindow } from './tenant-state.ts';

/** Nobody else on the machine needs to know what a tenant's blobs are called. */
const FOLDER_MODE = 0o700;

/** In the state directory. */
export const JOURNAL_FOLDER = 'ledger';
export const JOURNAL_SUFFIX = '.journal';

export interface LedgerOptions {
  /** The state directory; it is made if it is not there. */
  readonly directory: string;
  /** The time by the service's clock; undefined while nobody knows it. Only by this anything is forgotten for its age. */
  readonly serviceNowMs?: () => number | undefined;
  /** For tests: another file system. */
  readonly files?: JournalFiles;
  /** For tests: write a journal anew when it is larger than this. */
  readonly snapshotBytesMin?: number;
}

export interface Ledger {
  /** The ledger of a tenant, by its GUID or domain; the same one each time. Throws LEDGER_DIRECTORY. */
  tenant(tenantId: string): Promise<TenantLedger>;
  /** Has everybody who asks for the holder of the directory told why nothing can be written there at the moment; undefined when it can. */
  tell(unwritten: string | undefined): void;
  /** Writes what is waiting, and lets the next process in. */
  close(): Promise<void>;
}

/** Takes the state directory. Throws LEDGER_LOCKED, LEDGER_PATH_TOO_LONG or LEDGER_DIRECTORY. */
export async function openLedger(options: LedgerOptions, clock: Clock, log: Log): Promise<Ledger> {
  const { directory, files = realFiles, serviceNowMs = () => undefined, snapshotBytesMin } = options;
  const folder = join(directory, JOURNAL_FOLDER);
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    throw failure('LEDGER_DIRECTORY', { directory, reason: reasonOf(error) }, error);
  }
  const lock = await takeLock(directory, clock, log);
  const tenants = new Map<string, ReturnType<typeof openTenantLedger>>();
  return {
    tenant(tenantId) {
      const name = fileNameOf(tenantId);
      let ledger = tenants.get(name);
      if (ledger === undefined) {
        ledger = openTenantLedger({ tenantId, path: join(folder, `${name}${JOURNAL_SUFFIX}`), files, clock, serviceNowMs, log, ...(snapshotBytesMin === undefined ? {} : { snapshotBytesMin }) });
        tenants.set(name, ledger);
      }
      return ledger;
    },
    tell: (unwritten) => lock.tell(unwritten),
    async close() {
      const opened = await Promise.allSettled(tenants.values());
      for (const result of opened) if (result.status === 'fulfilled') await result.value.close();
      await lock.release();
    },
  };
}

/** Which of these tenants have no journal in a state directory yet, and which others have one. Throws LEDGER_DIRECTORY. */
export async function tenantsIn(directory: string, tenantIds: readonly string[]): Promise<{ readonly unknown: readonly string[]; readonly others: readonly string[] }> {
  try {
    const names = (await namesIn(join(directory, JOURNAL_FOLDER))).filter((name) => name.endsWith(JOURNAL_SUFFIX)).map((name) => name.slice(0, -JOURNAL_SUFFIX.length));
    const configured = new Set(tenantIds.map(fileNameOf));
    return { unknown: tenantIds.filter((id) => !names.includes(fileNameOf(id))), others: names.filter((name) => !configured.has(name)) };
  } catch (error) {
    throw failure('LEDGER_DIRECTORY', { directory, reason: reasonOf(error) }, error);
  }
}

/** GUIDs and domains are file names as they are; anything else becomes its hash. */
export function fileNameOf(tenantId: string): string {
  const name = tenantId.toLowerCase();
  return /^[a-z0-9][a-z0-9.-]{0,99}$/.test(name) ? name : createHash('sha256').update(name).digest('hex');
}
