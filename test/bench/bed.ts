/** What a collector needs to be measured: the program, a service in a process of its own, and a folder with the configuration for it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SimulatorOptions } from '../../plugin/simulator/simulator.ts';
import { startPart } from './part.ts';

export const PROGRAM = join(import.meta.dirname, '../../../dist/o365audit.js');

/** Without `requestsPerMinute` there is no quota. */
export interface ServiceOptions extends Pick<Partial<SimulatorOptions>, 'eventCount' | 'eventsPerBlob' | 'gzip' | 'tenants' | 'requestsPerMinute' | 'latencyMs'> {
  /** The sizes of further blobs that the first tenant has. */
  readonly largeBlobsMebibytes?: readonly number[];
}

export interface ServiceCounts {
  /** Of blobs, before compression. */
  readonly bytesServed: number;
  /** Requests. */
  readonly refusedByQuota: number;
}

export interface Bed {
  readonly folder: string;
  /** The words that begin a collector's. */
  readonly collect: readonly string[];
  readonly counts: () => Promise<ServiceCounts>;
}

/** Starts the service for as long as `use` takes. */
export async function withBed<Result>(options: ServiceOptions, use: (bed: Bed) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-bench-'));
  const service = await startPart([join(import.meta.dirname, 'service.js'), JSON.stringify(options)]);
  try {
    const configuration = join(folder, 'o365.yml');
    writeFileSync(configuration, JSON.parse(service.firstLine) as string);
    return await use({ folder, collect: [PROGRAM, 'collect', '-c', configuration], counts: async () => JSON.parse(await service.ask()) as ServiceCounts });
  } finally {
    await service.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a Forward host in a process of its own for as long as `use` takes, which gets the words for a collector that sends to it. */
export async function withSink<Result>(use: (output: readonly string[], receivedEvents: () => Promise<number>) => Promise<Result>): Promise<Result> {
  const sink = await startPart([join(import.meta.dirname, 'forward-sink.js')]);
  try {
    return await use(['--output', `forward://127.0.0.1:${sink.firstLine}`], async () => Number(await sink.ask()));
  } finally {
    await sink.end();
  }
}
