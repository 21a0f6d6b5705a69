/** The lock on Windows: a named pipe, which vanishes with its process and can be made only once. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { failure, reasonOf } from '../errors.ts';
import type { Lock } from './lock.ts';
import { answerOf, ask, REFUSALS, type Held, type Holder } from './lock-inquiry.ts';

/** The pipe that stands for a directory, or for the delivery of its dead letters. */
export function pipeOf(directory: string, held: Held = 'lock'): string {
  return `\\\\.\\pipe\\o365audit-${held === 'lock' ? '' : `${held}-`}${createHash('sha256').update(resolve(directory).toLowerCase()).digest('hex').slice(0, 32)}`;
}

/** Takes the pipe. Throws LEDGER_LOCKED or REPLAY_LOCKED, or LEDGER_DIRECTORY. */
export async function takePipe(directory: string, self: Holder, held: Held): Promise<Lock> {
  const name = pipeOf(directory, held);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(answerOf({ ...self, holding: true }));
  }).unref();
  try {
    await new Promise<void>((listening, reject) => {
      server.once('error', reject);
      server.listen(name, listening);
    });
  } catch (error) {
    const other = await ask(name);
    if (typeof other === 'string') throw failure('LEDGER_DIRECTORY', { directory, reason: reasonOf(error) }, error);
    throw failure(REFUSALS[held], { directory, pid: other.pid, since: other.since });
  }
  return {
    tell: (unwritten) => { self.unwritten = unwritten; },
    release: () => new Promise((closed) => {
      server.close(() => closed());
    }),
  };
}
