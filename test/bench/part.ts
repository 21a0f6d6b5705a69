/** A far end in a process of its own, so that what it uses is not counted as ours. It says its address on the first line, and a count when asked. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Part {
  readonly firstLine: string;
  /** Its answer to an empty line. */
  ask(): Promise<string>;
  end(): Promise<void>;
}

export async function startPart(words: readonly string[]): Promise<Part> {
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${words.join(' ')} ended early`);
    return line.value;
  };
  return {
    firstLine: await next(),
    ask() {
      child.stdin.write('\n');
      return next();
    },
    async end() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
