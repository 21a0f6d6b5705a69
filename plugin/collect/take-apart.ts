/**
 * What the log agent refuses again and again is taken apart until the events that it refuses are alone, so that the others of their batch go on. An event is
 * only given up when it is sure that it is the event's fault: when the log agent has refused it several times, and has acknowledged something else between
 * these refusals. Where nothing else is to be sent, an event that it had taken before is sent once more: the store knows that by its id. A log agent that takes
 * nothing at all, because what is behind it is down or misconfigured, leaves every event owed.
 */
import { AuditError } from '../errors.ts';
import { INDEX_WORDS, type Batch, type Clock, type Output } from '../types.ts';
import type { Suspicion, Suspicions } from './suspicions.ts';

/** How often something else has to be acknowledged between refusals of an event, before it is given up. */
const CONTRASTS = 2;
/** How often a part, and an event alone, is sent before it counts as refused once more: its batch has been through the whole ladder. */
const PART_ATTEMPTS = 1;
const EVENT_ATTEMPTS = 2;
/** So many refusals of parts without any acknowledgement mean that nothing is taken at the moment. */
const REFUSALS_LIMIT = 14;
/** Events of a batch that are held back while it is taken apart, unless they are more than a quarter of it. */
const WITNESSES = 4;
/** So long others' batches have to be acknowledged before a suspect is sent again, when there is nothing else of its own batch to send. */
const PATIENCE_MS = 5_000;
const LOOK_INTERVAL_MS = 500;

export interface TakeApartOptions {
  readonly output: Output;
  readonly suspicions: Suspicions;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Learns of a part of the batch that is acknowledged while the batch as a whole was refused. */
  readonly taken: (part: Batch) => void;
  /** Keeps one event that the output does not take; its batch is of that event alone. */
  readonly leaveOut: (event: Batch, reason: AuditError) => Promise<void>;
}

/**
 * Delivers a batch; resolves when each of its events is acknowledged or left out. Rejects with OUTPUT_REFUSED when nothing tells whose fault a refusal is, with
 * the output's other failures, and with what `leaveOut` rejects with.
 */
export async function deliverWhatCanBe(batch: Batch, options: TakeApartOptions): Promise<void> {
  const refusal = await refusalOf(batch, options.output);
  if (refusal === undefined) {
    options.suspicions.acknowledged(batch);
    return;
  }
  if (batch.eventCount > 1 && batch.index === undefined) throw refusal;
  await takeApart(batch, refusal, options);
}

/** Why the output does not take a batch, or a part; undefined when it has taken it. Rejects with the output's other failures. */
export async function refusalOf(batch: Batch, output: Output, attempts?: number): Promise<AuditError | undefined> {
  try {
    await output.deliver(batch, attempts);
    return undefined;
  } catch (error) {
    if (error instanceof AuditError && (error.code === 'OUTPUT_REFUSED' || error.code === 'OUTPUT_BATCH_TOO_LARGE')) return error;
    throw error;
  }
}

async function refusalOfPart(part: Batch, attempts: number, { output, suspicions, taken }: TakeApartOptions): Promise<AuditError | undefined> {
  const refusal = await refusalOf(part, output, attempts);
  if (refusal === undefined) {
    suspicions.acknowledged(part);
    taken(part);
  }
  return refusal;
}

/** An event alone that was refused. */
interface Suspect {
  readonly event: Batch;
  readonly suspicion: Suspicion;
  readonly refusal: AuditError;
}

/**
 * Halves a refused batch until what is refused are single events, and judges those. A few events are held back meanwhile, to be sent between refusals of a
 * suspect: that they are taken shows that the log agent is well.
 */
async function takeApart(batch: Batch, refusal: AuditError, options: TakeApartOptions): Promise<void> {
  const suspects: Suspect[] = [];
  const rest = batch.eventCount - Math.min(WITNESSES, Math.floor(batch.eventCount / 4));
  const witnesses = Array.from({ length: batch.eventCount - rest }, (_, event) => part(batch, rest + event, rest + event + 1));
  if (batch.eventCount === 1) suspects.push(suspectOf(batch, refusal, options));
  else await findSuspects(part(batch, 0, rest), suspects, options);
  const unsure = await judge(suspects, witnesses, options);
  if (unsure[0] !== undefined) throw unsure[0].refusal;
}

/** Halves a part until what is refused are single events. */
async function findSuspects(batch: Batch, suspects: Suspect[], options: TakeApartOptions): Promise<void> {
  const { output } = options;
  const acknowledgedAtFirst = output.acknowledged;
  const refused = [batch];
  let refusals = 0;
  for (let next = refused.shift(); next !== undefined; next = refused.shift()) {
    for (const half of next.eventCount === 1 ? [next] : halves(next)) {
      const refusal = await refusalOfPart(half, PART_ATTEMPTS, options);
      if (refusal === undefined) continue;
      refusals += 1;
      if (refusals >= REFUSALS_LIMIT && output.acknowledged === acknowledgedAtFirst) throw refusal;
      if (half.eventCount === 1) suspects.push(suspectOf(half, refusal, options));
      else refused.push(half);
    }
  }
}

/**
 * Sends suspects again, each after something else was acknowledged since it was refused, until it is taken or given up. Resolves with those of which neither is
 * sure, because there is nothing else to send; they are remembered.
 */
async function judge(suspects: readonly Suspect[], witnesses: Batch[], options: TakeApartOptions): Promise<readonly Suspect[]> {
  const { output, suspicions } = options;
  let open = await sentence(suspects, options);
  while (open.length > 0 || witnesses.length > 0) {
    if (witnesses.length === 0) await others(open, options);
    const ready = readyAmong(open, output);
    const witness = ready.length > 0 ? undefined : witnesses.shift();
    if (ready.length === 0 && witness === undefined) {
      if (!await isWell(options) || readyAmong(open, output).length === 0) break;
      continue;
    }
    const sent: Suspect[] = [];
    for (const { event } of witness === undefined ? ready : [{ event: witness }]) {
      const refusal = await refusalOfPart(event, EVENT_ATTEMPTS, options);
      if (refusal === undefined) suspicions.forget(event);
      else sent.push(witness === undefined ? { event, refusal, suspicion: heavier(ready, event, output) } : suspectOf(event, refusal, options));
    }
    open = [...open.filter((each) => !ready.includes(each)), ...await sentence(sent, options)];
  }
  for (const { event, suspicion } of open) suspicions.remember(event, suspicion);
  return open;
}

/** Whether the log agent takes what it has taken before. */
async function isWell({ output, suspicions }: TakeApartOptions): Promise<boolean> {
  const { witness } = suspicions;
  return witness !== undefined && await refusalOf(witness, output, PART_ATTEMPTS) === undefined;
}

/** Suspects since whose last refusal something was acknowledged. */
function readyAmong(suspects: readonly Suspect[], { acknowledged }: Output): readonly Suspect[] {
  return suspects.filter(({ suspicion }) => acknowledged > suspicion.acknowledgedAt);
}

/** Waits a while for what others send to be acknowledged. */
async function others(suspects: readonly Suspect[], { output, clock, signal }: TakeApartOptions): Promise<void> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && suspects.length > 0 && readyAmong(suspects, output).length === 0; waitedMs += LOOK_INTERVAL_MS) await clock.wait(LOOK_INTERVAL_MS, signal);
}

/** Gives up those against whom enough speaks; resolves with the others. */
async function sentence(suspects: readonly Suspect[], { suspicions, leaveOut }: TakeApartOptions): Promise<readonly Suspect[]> {
  const open: Suspect[] = [];
  for (const suspect of suspects) {
    if (suspect.suspicion.contrasts < CONTRASTS && suspect.refusal.code !== 'OUTPUT_BATCH_TOO_LARGE') open.push(suspect);
    else {
      await leaveOut(suspect.event, suspect.refusal);
      suspicions.forget(suspect.event);
    }
  }
  return open;
}

/** An event that was refused now, with what was found in earlier rounds. */
function suspectOf(event: Batch, refusal: AuditError, { output: { acknowledged }, suspicions }: TakeApartOptions): Suspect {
  const earlier = suspicions.of(event);
  const contrasts = earlier === undefined ? 0 : earlier.contrasts + (acknowledged > earlier.acknowledgedAt ? 1 : 0);
  return { event, refusal, suspicion: { contrasts, acknowledgedAt: acknowledged } };
}

/** The suspicion against one of the suspects after it was refused once more. */
function heavier(suspects: readonly Suspect[], event: Batch, { acknowledged }: Output): Suspicion {
  const { contrasts = 0 } = suspects.find((suspect) => suspect.event === event)?.suspicion ?? {};
  return { contrasts: contrasts + 1, acknowledgedAt: acknowledged };
}

/** A batch as two, by its entries. */
function halves(batch: Batch): readonly Batch[] {
  const middle = Math.floor(batch.eventCount / 2);
  return [part(batch, 0, middle), part(batch, middle, batch.eventCount)];
}

/** Some events of a batch, as a batch of its own. */
function part({ bytes, eventCount, index }: Batch, from: number, to: number): Batch {
  if (index === undefined || (from === 0 && to === eventCount)) return { bytes, eventCount, ...(index === undefined ? {} : { index }) };
  const endOf = (event: number): number => event === 0 ? 0 : index[(event - 1) * INDEX_WORDS] ?? 0;
  const words = index.slice(from * INDEX_WORDS, to * INDEX_WORDS);
  for (let at = 0; at < words.length; at += INDEX_WORDS) words[at] = (words[at] ?? 0) - endOf(from);
  return { bytes: bytes.subarray(endOf(from), endOf(to)), eventCount: to - from, index: words };
}
