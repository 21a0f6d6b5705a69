/** The mapping where it is dear: interpreted by WAMR, alone, and in a whole Fluent Bit, beside filters that do next to nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { encodeFrame, readMessages } from '../../plugin/output/forward/message.ts';
import { makeCompany } from '../../plugin/simulator/company.ts';
import { ownEvents } from '../../plugin/simulator/event-source.ts';
import { CONTENT_TYPES, type Batch } from '../../plugin/types.ts';
import { environmentOf, fluentBitIsMissing, freePort } from '../support/fluent-bit.ts';
import { MODULE_FILE, openModule } from '../support/module.ts';
import { joined, linesOf, splitBatches, testModule } from '../support/splitting.ts';
import { runWamr } from '../support/wamr.ts';
import { copyingFilter, scanningFilter } from './filters.ts';
import { median, type Figure } from './figures.ts';
import { useOf } from './measured-process.ts';

const EVENTS = 50_000;
/** So many different ones are sent again and again. */
const DIFFERENT = 2_000;
const NOW_MS = Date.UTC(2026, 0, 1);
const IN_FLIGHT = 4;
const START_LIMIT_MS = 20_000;
/** It is done when it has used no processor time for so long. */
const QUIET_MS = 1_200;

type Form = 'raw' | 'prepared';

export async function agentFigures(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-bench-'));
  try {
    const module = await testModule();
    const texts = inventedEvents();
    const batchesOf = (form: Form, encoding: 'ndjson' | 'msgpack', events = texts): readonly Batch[] => splitBatches(module, ['[', events.join(','), ']'], { format: form, encoding, timestamp: false });
    const records = (form: Form): Buffer[] => linesOf(joined(batchesOf(form, 'ndjson'))).map((line) => Buffer.from(line));
    const [raw, prepared] = [records('raw'), records('prepared')];
    const mapping = openModule();
    const documents = raw.map((record) => mapping.map(record));
    const meanBytes = documents.reduce((sum, document) => sum + Buffer.byteLength(document), 0) / documents.length;
    const [meanDocument = ''] = documents.toSorted((left, right) => Math.abs(Buffer.byteLength(left) - meanBytes) - Math.abs(Buffer.byteLength(right) - meanBytes));
    const filters = { copying: copyingFilter(folder), scanning: scanningFilter(folder, Buffer.from(meanDocument)) };
    const many = Array.from({ length: EVENTS }, (_, index) => texts[index % texts.length] ?? '');
    return [
      { what: 'mean event', value: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / texts.length, unit: 'bytes' },
      { what: 'mean document', value: meanBytes, unit: 'bytes' },
      ...await interpretedFigures(filters, { raw, prepared }),
      ...fluentBitIsMissing() === false ? await fluentBitFigures(folder, filters, { raw: batchesOf('raw', 'msgpack', many), prepared: batchesOf('prepared', 'msgpack', many) }) : [],
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Invented events of all content types, as many of each. */
function inventedEvents(): string[] {
  const source = ownEvents(1);
  const company = makeCompany(1, 0);
  const share = DIFFERENT / CONTENT_TYPES.length;
  return CONTENT_TYPES.flatMap((type) => source.take(company, type, NOW_MS, share).map(({ bytes }) => bytes.toString()));
}

interface Filters {
  readonly copying: string;
  readonly scanning: string;
}

async function interpretedFigures(filters: Filters, records: Readonly<Record<Form, readonly Buffer[]>>): Promise<readonly Figure[]> {
  const time = async (moduleFile: string, form: Form): Promise<number> => {
    const { answers } = await runWamr(records[form], { moduleFile });
    return median(answers.map(({ nanoseconds }) => nanoseconds)) / 1000;
  };
  return [
    { what: 'WAMR: a filter that copies', value: await time(filters.copying, 'raw'), unit: 'µs, median event' },
    { what: 'WAMR: a filter that scans', value: await time(filters.scanning, 'raw'), unit: 'µs, median event' },
    { what: 'WAMR: the mapping, raw events', value: await time(MODULE_FILE, 'raw'), unit: 'µs, median event' },
    { what: 'WAMR: the mapping, prepared events', value: await time(MODULE_FILE, 'prepared'), unit: 'µs, median event' },
  ];
}

async function fluentBitFigures(folder: string, filters: Filters, frames: Readonly<Record<Form, readonly Batch[]>>): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const output of ['null', 'file']) {
    const what = `Fluent Bit, output ${output}:`;
    const seconds = (form: Form, filter: string | undefined): Promise<number> => runFluentBit(folder, output, filter, frames[form]);
    const none = await seconds('raw', undefined);
    const copying = await seconds('raw', filters.copying);
    const scanning = await seconds('raw', filters.scanning);
    const raw = await seconds('raw', MODULE_FILE);
    const prepared = await seconds('prepared', MODULE_FILE);
    figures.push(
      ...Object.entries({ 'no filter': none, 'a filter that copies': copying, 'a filter that scans': scanning, 'the mapping, raw events': raw, 'the mapping, prepared events': prepared })
        .map(([name, value]) => ({ what: `${what} ${name}`, value, unit: `CPU s/${EVENTS.toLocaleString('en-US')} events` })),
      { what: `${what} prepared, to one that copies`, value: prepared / copying, unit: 'times', atMost: 2 },
      { what: `${what} prepared, to one that scans`, value: prepared / scanning, unit: 'times', atMost: 1.4 },
    );
  }
  return figures;
}

/** The processor time of a Fluent Bit that takes these frames through the filter. */
async function runFluentBit(folder: string, output: string, filter: string | undefined, batches: readonly Batch[]): Promise<number> {
  const port = await freePort();
  const configuration = join(folder, 'fluent-bit.conf');
  const section = (name: string, settings: Readonly<Record<string, string>>): string => `[${name}]\n${Object.entries(settings).map(([key, value]) => `    ${key} ${value}\n`).join('')}`;
  writeFileSync(configuration, [
    section('SERVICE', { Flush: '1', Log_Level: 'error', 'json.escape_unicode': 'Off' }),
    section('INPUT', { Name: 'forward', Listen: '127.0.0.1', Port: String(port), Threaded: 'true', 'thread.ring_buffer.capacity': '4', Buffer_Chunk_Size: '2M', Buffer_Max_Size: '8M' }),
    ...filter === undefined ? [] : [section('FILTER', { Name: 'wasm', Match: '*', Event_Format: 'json', Wasm_Path: resolve(filter), Function_Name: 'o365_to_ecs' })],
    section('OUTPUT', { Name: output, Match: '*', ...output === 'file' ? { Path: folder, File: 'documents', Format: 'plain' } : {} }),
  ].join(''));
  const child = spawn('fluent-bit', ['-c', configuration], { stdio: 'ignore', env: environmentOf() });
  const ended = once(child, 'exit');
  try {
    await send(port, batches);
    let [used, quietSince] = [-1, Date.now()];
    while (Date.now() - quietSince < QUIET_MS) {
      await setTimeout(100);
      const now = useOf(child)?.cpuSeconds ?? 0;
      if (now > used) [used, quietSince] = [now, Date.now()];
    }
    return used;
  } finally {
    child.kill();
    await ended;
  }
}

/** Sends the frames, a few at a time, and waits for all acknowledgements. */
async function send(port: number, batches: readonly Batch[]): Promise<void> {
  const socket = await reach(port, Date.now() + START_LIMIT_MS);
  // what is read fails then, too
  socket.on('error', () => undefined);
  const answers = readMessages(socket as AsyncIterable<Uint8Array>);
  const acknowledged = async (): Promise<void> => {
    if ((await answers.next()).done === true) throw new Error('Fluent Bit closed the connection');
  };
  let waiting = 0;
  for (const [number, batch] of batches.entries()) {
    for (const part of encodeFrame('o365.audit', batch, String(number))) socket.write(part);
    if (++waiting === IN_FLIGHT) {
      await acknowledged();
      waiting--;
    }
  }
  for (; waiting > 0; waiting--) await acknowledged();
  socket.destroy();
}

async function reach(port: number, deadlineMs: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    if (Date.now() > deadlineMs) throw error;
    await setTimeout(50);
    return await reach(port, deadlineMs);
  }
}
