/** State directories: what runs have left in them, and made to look as runs of other days would have left them. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JOURNAL_FOLDER, openLedger, type Ledger, type TenantLedger } from '../../plugin/ledger/ledger.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import { CONTENT_TYPES } from '../../plugin/types.ts';
import { realClock, type Simulation } from './simulation.ts';

/** Longer ago than the quarter of an hour within which a subscription may not be started again. */
const START_AGE_MS = 20 * 60_000;

/** Opens the ledger of the first tenant, which no collector may hold now, and closes it again. */
export async function inLedger<Result>({ stateDir, simulator }: Simulation, act: (ledger: TenantLedger) => Result | Promise<Result>): Promise<Result> {
  const ledger = await openLedger({ directory: stateDir }, realClock, silentLog);
  try {
    return await act(await ledger.tenant(simulator.tenants[0]?.id ?? ''));
  } finally {
    await ledger.close();
  }
}

/** Opens a copy of the ledger, so that the next run finds it as the last one left it. */
export async function inCopiedLedger<Result>(stateDir: string, act: (ledger: Ledger) => Promise<Result>): Promise<Result> {
  const copy = mkdtempSync(join(tmpdir(), 'o365audit-state-'));
  try {
    cpSync(join(stateDir, JOURNAL_FOLDER), join(copy, JOURNAL_FOLDER), { recursive: true, filter: (name) => !name.endsWith('.new') /* comes and goes beside a running collector */ });
    const ledger = await openLedger({ directory: copy }, realClock, silentLog);
    try {
      return await act(ledger);
    } finally {
      await ledger.close();
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The quarter of an hour within which no subscription may be started again has passed. */
export async function ageStarts(simulation: Simulation): Promise<void> {
  await inLedger(simulation, (tenant) => {
    for (const type of CONTENT_TYPES) if (tenant.startedAtMs(type) !== undefined) tenant.started(type, Date.now() - START_AGE_MS);
  });
}

/** An earlier run has listed everything up to then. */
export async function listedUntil(simulation: Simulation, untilMs: number): Promise<void> {
  await inLedger(simulation, (tenant) => {
    for (const type of CONTENT_TYPES) tenant.listed(type, untilMs);
  });
}
