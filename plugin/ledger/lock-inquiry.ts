/** Asking a socket who listens on it. */
import { connect } from 'node:net';

/** A holder that accepts but says nothing for so long is busy, and there all the same. */
const ANSWER_TIMEOUT_MS = 1_000;
const ANSWER_BYTES_MAX = 4_096;
/** Letters of why nothing can be written that are told: in whatever alphabet, the answer is not longer than it may be. */
const UNWRITTEN_LIMIT = 300;

/** What one process at a time holds, as its sockets are called: the state directory, or the delivery of its dead letters, which goes on beside a collector. */
export type Held = 'lock' | 'post';
export const REFUSALS = { lock: 'LEDGER_LOCKED', post: 'REPLAY_LOCKED' } as const satisfies Record<Held, string>;

export interface Holder {
  readonly pid: number | string;
  readonly since: string;
  /** False while it is still finding out whether it may hold the directory. */
  holding: boolean;
  /** Why nothing can be written to the directory at the moment: the one thing that it cannot say by a file there. */
  unwritten?: string | undefined;
}

/** What can become of a question: `dead` = nobody listens, `gone` = there is no such socket, `leaving` = the line was dropped without an answer. */
export type Answer = Holder | 'dead' | 'gone' | 'leaving';

/** Asks who listens on a socket or pipe. Rejects with what the system says if it cannot be asked. */
export function ask(path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    let connected = false;
    const finish = (answer: Answer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('utf8');
    // In two halves: where this process stood still, the first is over before anybody was asked, or what was answered is read.
    socket.setTimeout(ANSWER_TIMEOUT_MS / 2, () => socket.setTimeout(ANSWER_TIMEOUT_MS / 2, () => finish(BUSY)));
    socket.on('connect', () => {
      connected = true;
    });
    socket.on('data', (more: string) => {
      text += more;
      if (text.length > ANSWER_BYTES_MAX) finish(BUSY);
    });
    socket.on('end', () => finish(readHolder(text)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // EAGAIN means that its queue of askers is full: somebody is there.
      if (error.code === 'EAGAIN') finish(BUSY);
      else if (connected || error.code === 'ECONNRESET' || error.code === 'EPIPE') finish(readHolder(text));
      else if (error.code === 'ECONNREFUSED') finish('dead');
      else if (error.code === 'ENOENT') finish('gone');
      else reject(error);
    });
  });
}

/** Somebody who has no time to say who he is, or is no process of ours. */
const BUSY: Holder = { pid: '(it does not answer)', since: '(unknown)', holding: true };

/** What is answered, in one line. */
export function answerOf({ unwritten, ...self }: Holder): string {
  return `${JSON.stringify({ ...self, unwritten: unwritten?.slice(0, UNWRITTEN_LIMIT) })}\n`;
}

function readHolder(answer: string): Holder | 'leaving' {
  if (answer === '') return 'leaving';
  try {
    const { pid, since, holding, unwritten } = JSON.parse(answer) as Partial<Holder>;
    if (pid !== undefined && since !== undefined && holding !== undefined) return { pid, since, holding, ...(typeof unwritten === 'string' ? { unwritten } : {}) };
  } catch {
    // Told by the return below.
  }
  return BUSY;
}
