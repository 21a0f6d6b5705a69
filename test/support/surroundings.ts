/** What a command knows of the process around it, and what it is called with, for commands that run inside a test. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { readArguments } from '../../plugin/config/collector.ts';
import { readCommandLine } from '../../plugin/config/command-line.ts';
import type { ArgumentsOf, Command } from '../../plugin/config/options.ts';
import type { Surroundings } from '../../plugin/types.ts';
import { realClock } from './simulation.ts';

/** Where the build puts the program and the module. */
export const PROGRAM_FOLDER = join(import.meta.dirname, '../../../dist');

export interface TestSurroundings extends Surroundings {
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  /** Everything that was written so far. */
  readonly said: { stdout: string; stderr: string };
  /** The whole lines of stdout so far. */
  lines(): string[];
  /** What a signal does. */
  end(reason?: string): void;
}

export function testSurroundings(changes: Partial<Surroundings> = {}): TestSurroundings {
  const stop = new AbortController();
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const chunks: Buffer[] = [];
  const said = { get stdout() { return Buffer.concat(chunks).toString(); }, stderr: '' };
  stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  stderr.setEncoding('utf8').on('data', (text: string) => { said.stderr += text; });
  return {
    env: {}, clock: realClock, version: '0.0.0', processId: 1, programFolder: PROGRAM_FOLDER, stop: stop.signal, ...changes, stdin, stdout, stderr,
    said,
    lines: () => said.stdout.split('\n').slice(0, -1),
    end: (reason = 'the signal SIGTERM') => stop.abort(new Error(reason)),
  };
}

/** What a command is called with for these words behind its name. Throws what the program would say of them. */
export async function argumentsOf<C extends Command>(command: C, words: readonly string[], env: Surroundings['env'] = {}): Promise<ArgumentsOf<C>> {
  const asked = await readCommandLine([command, ...words], 80);
  assert.ok('command' in asked);
  return readArguments(command, asked.flags, env);
}
