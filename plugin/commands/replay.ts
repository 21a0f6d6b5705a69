/**
 * `o365audit replay`: sends dead letters again through the configured output, and has content blobs that could not be delivered tried at once. It works beside a
 * running collector, which does not send letters, and for blobs it leaves the collector an order; but not beside another replay.
 */
import { forwardOptions } from '../collect/rooms.ts';
import { loadConfig, type CollectorOptions } from '../config/config.ts';
import type { ArgumentsOf } from '../config/options.ts';
import { AuditError, failure } from '../errors.ts';
import { listDeadLetters, openDeadLetter, removeDeadLetter, type DeadLetter } from '../ledger/dead-letters.ts';
import { takeLock } from '../ledger/lock.ts';
import { leaveOrder } from '../ledger/orders.ts';
import { holderOf, lookInto, surveyLedger } from '../ledger/survey.ts';
import { openOutput } from '../output/output.ts';
import { counted } from '../telemetry/counted.ts';
import type { Log } from '../telemetry/log.ts';
import type { ContentBlob, Output, Surroundings } from '../types.ts';
import { collect } from './collect.ts';
import { openLog } from './log.ts';

const CLOSE_MS = 1_000;
/** How often a letter is sent that is not acknowledged. */
const ATTEMPTS = 2;
/** How much longer than for an acknowledgement an output is waited for that cannot be reached. */
const CONNECT_MS = 20_000;

interface Owed extends ContentBlob {
  readonly tenant: string;
  /** When and why it could first not be delivered; undefined while it only waits its turn. */
  readonly parked: { readonly atMs: number; readonly reason: string } | undefined;
}

/** What there is to replay, and how. */
interface Task {
  readonly collector: CollectorOptions;
  readonly letters: readonly DeadLetter[];
  readonly blobs: readonly Owed[];
  readonly ids: readonly string[];
  readonly log: Log;
}

/** Resolves with 0 when all of it was delivered or handed over. Throws CONFIG_…, REPLAY_… and OUTPUT_… failures, and what collecting throws. */
export async function replay({ flags }: ArgumentsOf<'replay'>, surroundings: Surroundings): Promise<number> {
  const { clock, env } = surroundings;
  const { collector } = loadConfig({ flags, env });
  const log = openLog(collector, surroundings);
  const ids = Array.isArray(flags.ids) ? flags.ids as readonly string[] : [];
  const isBoth = flags.deadLetters !== true && flags.parked !== true;
  const letters = isBoth || flags.deadLetters === true ? await lettersOf(collector.stateDir, ids, log) : [];
  const blobs = isBoth || flags.parked === true ? await blobsOf(collector.stateDir, ids, clock.nowMs()) : [];
  const known = new Set([...letters.flatMap(({ id, eventId }) => [id, eventId]), ...blobs.map(({ contentId }) => contentId)]);
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined) throw failure('REPLAY_UNKNOWN', { id: unknown, directory: collector.stateDir });
  const task = { collector, letters, blobs, ids, log };
  // with the folder, which may be another one than was meant
  if (letters.length === 0 && blobs.length === 0) surroundings.stderr.write(`There is nothing to replay in ${collector.stateDir}.\n`);
  if (flags.list === true) {
    list(task, flags.json === true, surroundings);
    return 0;
  }
  await sendLetters(task, surroundings);
  return blobs.length === 0 ? 0 : await sendBlobs(task, () => collect({ flags: { ...flags, once: true } }, surroundings), surroundings);
}

async function lettersOf(stateDir: string, ids: readonly string[], log: Log): Promise<readonly DeadLetter[]> {
  const letters = await lookInto(stateDir, () => listDeadLetters(stateDir, (file) => log('letters.damaged', { file })));
  return letters.filter(({ id, eventId }) => ids.length === 0 || ids.includes(id) || ids.includes(eventId));
}

async function blobsOf(stateDir: string, ids: readonly string[], nowMs: number): Promise<readonly Owed[]> {
  const surveys = await surveyLedger(stateDir, nowMs);
  return surveys.flatMap(({ tenantId, state }) => [...state.owed.values()].map((blob): Owed => ({ ...blob, tenant: tenantId, parked: state.parkedOf(blob) })))
    .filter(({ contentId }) => ids.length === 0 || ids.includes(contentId)).sort((left, right) => left.contentCreated < right.contentCreated ? -1 : 1);
}

/** One line for each letter and each blob, and of a blob whether it has failed or only waits its turn. */
function list({ letters, blobs }: Task, json: boolean, { stdout }: Surroundings): void {
  const write = (kind: string, fields: Readonly<Record<string, string | number | undefined>>): void => void stdout.write(json ? `${JSON.stringify({ kind, ...fields })}\n`
    : `${kind}  ${Object.entries(fields).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${/[\s"]/.test(String(value)) ? JSON.stringify(value) : String(value)}`).join(' ')}\n`);
  for (const { id, eventId, firstSeen, tenant, contentType, contentId, file, recordBytes, output, reason } of letters) {
    write('dead_letter', { id, event_id: eventId, first_seen: firstSeen, tenant, content_type: contentType, content_id: contentId, file, bytes: recordBytes, output, reason });
  }
  for (const { contentId, contentType, tenant, contentCreated, contentExpiration, parked } of blobs) {
    const since = parked === undefined ? {} : { since: new Date(parked.atMs).toISOString(), reason: parked.reason };
    write(parked === undefined ? 'owed_blob' : 'parked_blob', { id: contentId, tenant, content_type: contentType, created: contentCreated, expires: contentExpiration, ...since });
  }
}

/** Sends letters, unless another process is at it. Throws REPLAY_OUTPUT, REPLAY_LOCKED and REPLAY_INCOMPLETE. */
async function sendLetters(task: Task, surroundings: Surroundings): Promise<void> {
  const { collector, letters, log } = task;
  if (letters.length === 0) return;
  if (collector.output === 'stdout') throw failure('REPLAY_OUTPUT', { letters: letters.length });
  const lock = await takeLock(collector.stateDir, surroundings.clock, log, 'post');
  try {
    await sendOneByOne(task, surroundings);
  } finally {
    await lock.release();
  }
}

/** Removes each letter once it is acknowledged. Throws REPLAY_INCOMPLETE. */
async function sendOneByOne({ collector, letters, log }: Task, { clock, stdout, stderr, stop }: Surroundings): Promise<void> {
  const output = openOutput({ url: collector.output, stdout, closeTimeoutMs: CLOSE_MS, ...forwardOptions(collector) }, log, clock);
  let delivered = 0;
  let reason = '';
  const close = (): void => void output.close();
  stop.addEventListener('abort', close);
  try {
    for (const { id } of letters) {
      const letter = await openDeadLetter(collector.stateDir, id);
      // another one may have been quicker, before it let us in
      if (typeof letter !== 'object') continue;
      const refusal = await refusalOf(letter.record, output, collector.ackTimeoutMs + CONNECT_MS, clock, stop);
      if (refusal === undefined) {
        await removeDeadLetter(collector.stateDir, id);
        delivered += 1;
      } else {
        reason = refusal.message;
        log('letters.refused', { id, reason });
        if (refusal.code === 'OUTPUT_CLOSED' || refusal.retry === 'never') break;
      }
    }
  } finally {
    stop.removeEventListener('abort', close);
    await output.close();
  }
  stderr.write(`${delivered} of ${counted(letters.length, 'dead letter was', 'dead letters were')} delivered.\n`);
  if (reason !== '') throw failure('REPLAY_INCOMPLETE', { left: letters.length - delivered, reason });
}

/** Why a letter is not taken; undefined when it is acknowledged, and settled. */
async function refusalOf(record: Buffer, output: Output, limitMs: number, clock: Surroundings['clock'], stop: AbortSignal): Promise<AuditError | undefined> {
  const over = new AbortController();
  clock.wait(limitMs, over.signal).then(() => void output.close(), () => undefined /* it was sooner */);
  try {
    const watch = output.watch();
    await output.deliver({ bytes: record, eventCount: 1 }, ATTEMPTS);
    await watch.settled(stop);
    return undefined;
  } catch (error) {
    stop.throwIfAborted();
    if (error instanceof AuditError) return error;
    throw error;
  } finally {
    over.abort();
  }
}

/** Has a running collector try the blobs; where none runs, collects once, which begins with them. */
async function sendBlobs({ collector, blobs, ids }: Task, collectOnce: () => Promise<number>, { clock, stderr }: Surroundings): Promise<number> {
  const holder = await holderOf(collector.stateDir);
  if (holder === undefined) return collectOnce();
  await leaveOrder(collector.stateDir, { order: 'retry', ids }, clock.nowMs());
  stderr.write(`${counted(blobs.length, 'content blob is', 'content blobs are')} owed. The running collector (process ${holder.pid}) tries those that have failed within seconds; o365audit status shows what becomes of them.\n`);
  return 0;
}
