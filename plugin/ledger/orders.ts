/**
 * What an operator wants of a collector that runs already: files in the state directory, which it looks for every few seconds. Leaving an order takes no lock,
 * so a second process can do it; the collector removes an order once it has taken it over.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../telemetry/log.ts';
import { CONTENT_TYPES, type ContentBlob, type ContentType } from '../types.ts';
import { namesIn, writeFailure } from './files.ts';
import { keepText, readKeptObject, readKeptText } from './kept-text.ts';

export type Order =
  /** To fetch these blobs and to send all of their events, whatever became of them before. */
  | { readonly order: 'fetch'; readonly tenant: string; readonly blobs: readonly ContentBlob[] }
  /** To try blobs at once that have failed and wait for the next round: those of these ids, or, when there are none, all. */
  | { readonly order: 'retry'; readonly ids: readonly string[] };

/** Blobs in one file; more become several files. */
const BLOBS_PER_FILE = 1_000;
/** Files that are taken over at one time; the others come next. */
const FILES_LIMIT = 100;
const NAME = /^\d{15}-[0-9a-f-]+\.json$/;

/** Leaves an order; durable when it resolves. Rejects with LEDGER_DISK_FULL or LEDGER_WRITE. */
export async function leaveOrder(directory: string, order: Order, nowMs: number): Promise<void> {
  const folder = join(directory, 'orders');
  const parts = order.order === 'retry' ? [order] : Array.from({ length: Math.ceil(order.blobs.length / BLOBS_PER_FILE) },
    (_, index): Order => ({ ...order, blobs: order.blobs.slice(index * BLOBS_PER_FILE, (index + 1) * BLOBS_PER_FILE) }));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const part of parts) await keepText(join(folder, `${String(nowMs).padStart(15, '0')}-${randomUUID()}.json`), `${JSON.stringify(part)}\n`);
  } catch (error) {
    throw writeFailure(folder, error);
  }
}

/** Hands each order that was left to `take`, in turn, and removes it when that resolves; one that cannot be read is put aside. Rejects as `take`, and with the system's own error. */
export async function takeOrders(directory: string, take: (order: Order) => Promise<void>, log: Log): Promise<void> {
  const folder = join(directory, 'orders');
  for (const name of (await namesIn(folder)).filter((each) => NAME.test(each)).sort().slice(0, FILES_LIMIT)) {
    const path = join(folder, name);
    const order = await readOrder(path);
    if ('reason' in order) {
      log('order.unreadable', { file: path, reason: order.reason });
      await rename(path, `${path}.unreadable`);
      continue;
    }
    await take(order);
    await rm(path, { force: true });
  }
}

async function readOrder(path: string): Promise<Order | { readonly reason: string }> {
  const text = await readKeptText(path);
  const kept = text === undefined ? { reason: 'it is gone' } : readKeptObject(text);
  if ('reason' in kept) return kept;
  const { order, tenant, blobs, ids } = kept.object;
  if (order === 'fetch' && typeof tenant === 'string' && Array.isArray(blobs) && blobs.every(isBlob)) return { order, tenant, blobs };
  if (order === 'retry' && Array.isArray(ids) && ids.every((id): id is string => typeof id === 'string')) return { order, ids };
  return { reason: 'it is no order that this version knows' };
}

function isBlob(value: unknown): value is ContentBlob {
  if (typeof value !== 'object' || value === null) return false;
  const { contentType, ...texts } = value as Partial<Record<keyof ContentBlob, unknown>>;
  return CONTENT_TYPES.includes(contentType as ContentType)
    && [texts.contentId, texts.contentUri, texts.contentCreated, texts.contentExpiration].every((text) => typeof text === 'string');
}
