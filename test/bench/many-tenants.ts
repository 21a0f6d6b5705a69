/** Memory: a process that serves 500 tenants and has nothing to do, and one that has a large blob beside them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Figure } from './figures.ts';
import { startPart } from './part.ts';

const PROGRAM = join(import.meta.dirname, '../../../dist/o365audit.js');
const TENANTS = 500;
const EVENTS_EACH = 20;
/** After everything is delivered; tenants look for new content once in this time or so. */
const IDLE_MS = 60_000;
const CAUGHT_UP = 'Everything that there was has been delivered.';

export async function manyTenantsFigures(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-bench-'));
  const simulator = await startPart([join(import.meta.dirname, 'service.js'), String(TENANTS * EVENTS_EACH), '20', 'gzip', String(TENANTS), '2000']);
  const file = join(folder, 'o365.yml');
  writeFileSync(file, JSON.parse(simulator.firstLine) as string);
  const child = spawn(process.execPath, [PROGRAM, 'collect', '-c', file, '--state-dir', join(folder, 'state')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
  const startMs = performance.now();
  try {
    while (said.split(CAUGHT_UP).length <= TENANTS) {
      if (child.exitCode !== null) throw new Error(`the collector ended:\n${said.slice(-2_000)}`);
      await wait(100);
    }
    const seconds = (performance.now() - startMs) / 1000;
    await wait(IDLE_MS);
    const memory = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    const bytesOf = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(memory)?.[1]) * 1024;
    return [
      { what: `${TENANTS} tenants, their first events delivered`, value: seconds, unit: 's' },
      { what: `${TENANTS} tenants, idle RSS`, value: bytesOf('VmRSS') / 1e6, unit: 'MB', atMost: 150 },
      { what: `${TENANTS} tenants, peak RSS of the start`, value: bytesOf('VmHWM') / 1e6, unit: 'MB' },
    ];
  } finally {
    child.kill('SIGKILL');
    await simulator.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
