/**
 * Who may use a state directory: the one process that holds it, found by the sockets in it. Every process that wants the directory first listens on
 * a socket of its own there, then asks all others. A socket that nobody listens on was left by a process that was killed, and is removed; its name
 * is never used again, so nobody can remove a living one by mistake. Of two who see each other wanting it, the smaller name stays.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Log } from '../telemetry/log.ts';
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { Clock } from '../types.ts';
import { namesIn } from './files.ts';
import { answerOf, ask, REFUSALS, type Held, type Holder } from './lock-inquiry.ts';
import { pipeOf, takePipe } from './lock-pipe.ts';

/** The longest address of a unix socket: Linux has 108 bytes with the final zero, macOS 104. */
const ADDRESS_BYTES_MAX = process.platform === 'darwin' ? 103 : 107;
/** Between two questions to somebody who is still making up his mind, and how many. */
const QUESTION_INTERVAL_MS = 20;
const QUESTIONS_MAX = 250;
/** How often the lock is asked for when others who wanted it went first but did not keep it. */
const ROUNDS_MAX = 50;

export interface Lock {
  /** Has everybody who asks told why nothing can be written to the directory at the moment; undefined when it can. */
  tell(unwritten: string | undefined): void;
  release(): Promise<void>;
}

/** Takes the lock of a directory, or of the delivery of its dead letters. Throws LEDGER_LOCKED or REPLAY_LOCKED, LEDGER_PATH_TOO_LONG or LEDGER_DIRECTORY. */
export async function takeLock(directory: string, clock: Clock, log: Log, held: Held = 'lock'): Promise<Lock> {
  const self: Holder = { pid: process.pid, since: new Date(clock.nowMs()).toISOString(), holding: false };
  if (process.platform === 'win32') return takePipe(directory, self, held);
  for (let rounds = 1; ; rounds += 1) {
    const name = `${held}-${process.pid}-${randomUUID().slice(0, 8)}.sock`;
    const path = join(directory, name);
    if (Buffer.byteLength(path) > ADDRESS_BYTES_MAX) throw failure('LEDGER_PATH_TOO_LONG', { directory, bytes: Buffer.byteLength(path), bytesMax: ADDRESS_BYTES_MAX });
    const server = answering(() => self);
    try {
      await appear(server, path);
      const rival = await outlastAll(directory, held, name, clock, log);
      if (rival === undefined) {
        self.holding = true;
        return { tell: (unwritten) => { self.unwritten = unwritten; }, release: () => leave(server, path) };
      }
      if (rival.holding || rounds >= ROUNDS_MAX) throw failure(REFUSALS[held], { directory, pid: rival.pid, since: rival.since });
    } catch (error) {
      await leave(server, path);
      throw error instanceof AuditError ? error : failure('LEDGER_DIRECTORY', { directory, reason: reasonOf(error) }, error);
    }
    // Whoever we give way to may have to give way himself: come back and see who stayed.
    await leave(server, path);
    await clock.wait(QUESTION_INTERVAL_MS);
  }
}

/** Who holds a directory; undefined when nobody does, or there is no such directory. Changes nothing. Rejects with what the system says if that cannot be found out. */
export async function holderOf(directory: string): Promise<Omit<Holder, 'holding'> | undefined> {
  const sockets = process.platform === 'win32' ? [pipeOf(directory)] : (await namesIn(directory)).filter((name) => isSocketOf('lock', name)).map((name) => join(directory, name));
  for (const socket of sockets) {
    const answer = await ask(socket);
    if (typeof answer === 'object' && answer.holding) return answer;
  }
  return undefined;
}

/** Listens, and is seen by the others only then: a socket that is bound but not listening yet looks like a dead one. */
async function appear(server: Server, path: string): Promise<void> {
  const hidden = path.replace(/[a-z]+-([^/]*)\.sock$/, 'new-$1.sock');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(hidden, resolve);
  });
  await rename(hidden, path);
}

/** Asks everybody else in the directory; returns who goes before us, or undefined when nobody does and nobody will. */
async function outlastAll(directory: string, held: Held, own: string, clock: Clock, log: Log): Promise<Holder | undefined> {
  const others = (await readdir(directory)).filter((other) => isSocketOf(held, other) && other !== own);
  for (const other of others) {
    const rival = await outlast(join(directory, other), other < own, clock, log);
    if (rival !== undefined) return rival;
  }
  return undefined;
}

/** Asks one other until it is gone (undefined) or goes before us. */
async function outlast(path: string, isFirst: boolean, clock: Clock, log: Log): Promise<Holder | undefined> {
  for (let questions = 1; ; questions += 1) {
    const answer = await ask(path);
    if (answer === 'gone') return undefined;
    if (answer === 'dead') {
      log('ledger.stale_lock', { file: path });
      await rm(path, { force: true });
      return undefined;
    }
    // Who is still deciding and comes second gives way as soon as it sees us, unless it decided before we came.
    if (answer !== 'leaving' && (answer.holding || isFirst)) return answer;
    if (questions >= QUESTIONS_MAX) return { pid: '(it does not decide)', since: '(unknown)', holding: true };
    await clock.wait(QUESTION_INTERVAL_MS);
  }
}

function isSocketOf(held: Held, name: string): boolean {
  return name.startsWith(`${held}-`) && name.endsWith('.sock');
}

function answering(self: () => Holder): Server {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(answerOf(self()));
  });
  // Accepting can fail for want of descriptors; who asks takes us for busy then.
  server.on('error', () => undefined);
  // The lock alone keeps no process alive.
  return server.unref();
}

async function leave(server: Server, path: string): Promise<void> {
  // Whether the file is there or can be removed does not matter to anybody: without a listener it counts for nothing.
  await rm(path, { force: true }).catch(() => undefined);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
