/**
 * `npm run fuzz`: a million inputs through the mapping, each judged. With --memory it only maps, many more of them, and watches the memory.
 *
 *     npm run fuzz -- [--events N] [--seed S] [--module FILE]
 *     npm run fuzz -- --memory [--events N] [--seed S] [--module FILE]
 *
 * The events to start from are the inputs of the golden pairs and, where O365AUDIT_DATA_DIR names a folder, those in its events/. Exits with 1 when
 * anything is wrong; what failed lies in files, made as small as it could be.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readDrops } from '../support/drops.ts';
import { baseEvents } from './base-events.ts';
import { Findings } from './findings.ts';
import { createInputs } from './inputs.ts';
import { createJudge } from './judge.ts';
import { watchMemory } from './memory.ts';

const EVERY = 50_000;
const say = (line: string): void => { process.stdout.write(`${line}\n`); };

const { values } = parseArgs({ options: { events: { type: 'string' }, seed: { type: 'string' }, module: { type: 'string' }, memory: { type: 'boolean', default: false } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const count = Number(values.events ?? (values.memory ? 10_000_000 : 1_000_000));
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) throw new Error('--events and --seed are whole numbers');
const bases = baseEvents();
say(`${count} inputs from ${bases.length} events, seed ${seed}`);
process.exitCode = values.memory ? runMemory() : runJudge();

function runMemory(): number {
  const { complaints, figures } = watchMemory(bases, seed, count, values.module);
  for (const line of [...figures, ...complaints]) say(line);
  return complaints.length === 0 ? 0 : 1;
}

function runJudge(): number {
  const inputs = createInputs(bases, seed);
  const judge = createJudge(values.module);
  const findings = new Findings(join(tmpdir(), `o365audit-fuzz-${seed}`), createJudge(values.module));
  const startMs = performance.now();
  let bytes = 0;
  for (let number = 1; number <= count; number++) {
    const input = inputs.next();
    bytes += input.bytes.length;
    const faults = judge.faults(input.bytes);
    const message = faults.length > 0 ? findings.add(input.bytes, faults) : undefined;
    if (message !== undefined) say(`  ${input.kind} ${number}: ${message}`);
    if (number % EVERY === 0) say(`${number} inputs, ${Math.round(number / (performance.now() - startMs) * 1000)} a second`);
  }
  const seconds = (performance.now() - startMs) / 1000;
  say(`${count} inputs of ${Math.round(bytes / count)} bytes on average in ${seconds.toFixed(1)} s: ${Math.round(count / seconds)} a second`);
  say('excused by mapping/tables/drops.tsv:');
  for (const drop of readDrops()) say(`  ${String(judge.excused.get(drop) ?? 0).padStart(9)} ${drop.rule} ${drop.path}`);
  say(`${findings.count} failed`);
  for (const line of findings.summary()) say(`  ${line}`);
  return findings.count === 0 ? 0 : 1;
}
