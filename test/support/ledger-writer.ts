/**
 * A process that writes a ledger until it is killed. Arguments: state directory; the size from which a journal is written anew, or 0 to hold the
 * directory and do nothing; the round to begin with. Each line `committed <id>` of its output is a promise that must be found kept afterwards.
 */
import { openLedger } from '../../plugin/ledger/ledger.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import type { Clock } from '../../plugin/types.ts';
import { FIRST_BLOB_MS, testBlob } from './blobs.ts';

const [directory = '', snapshotBytesMin = '0', start = '0'] = process.argv.slice(2);
// Time stands still, so that no blob expires.
const clock: Clock = { nowMs: () => FIRST_BLOB_MS, wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };

try {
  const ledger = await openLedger({ directory, snapshotBytesMin: Number(snapshotBytesMin) }, clock, silentLog);
  process.stdout.write(`holding ${process.pid}\n`);
  if (snapshotBytesMin === '0') await new Promise((resolve) => setTimeout(resolve, 60_000));
  const tenant = await ledger.tenant('contoso.com');
  for (let round = Number(start); ; round += 1) {
    const blobs = Array.from({ length: 20 }, (_, number) => testBlob(round * 100 + number));
    tenant.owe(blobs);
    tenant.listed('Audit.General', round);
    // Two of twenty stay owed.
    await Promise.all(blobs.slice(2).map(async (blob) => {
      await tenant.commit(blob);
      process.stdout.write(`committed ${blob.contentId}\n`);
    }));
  }
} catch (error) {
  process.stdout.write(`refused ${error instanceof Error ? error.message : String(error)}\n`);
}
