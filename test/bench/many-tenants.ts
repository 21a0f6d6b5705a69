/** Memory: a process that serves 500 tenants and has nothing to do, and one that has a large blob beside them. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { withBed } from './bed.ts';
import type { Figure } from './figures.ts';

const TENANTS = 500;
const EVENTS_EACH = 20;
/** After everything is delivered; tenants look for new content once in this time or so. */
const IDLE_MS = 60_000;
const CAUGHT_UP = 'Everything that there was has been delivered.';

export function manyTenantsFigures(): Promise<readonly Figure[]> {
  return withBed({ eventCount: TENANTS * EVENTS_EACH, eventsPerBlob: 20, gzip: true, tenants: TENANTS, requestsPerMinute: 2000 }, ({ folder, collect }) => figuresOf([...collect, '--state-dir', join(folder, 'state')]));
}

async function figuresOf(words: readonly string[]): Promise<readonly Figure[]> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
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
  }
}
