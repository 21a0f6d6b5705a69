/** What can happen to a good body on its way: other bytes, fewer bytes, or too much time. */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../types.ts';
import { json, type Answer } from './answer.ts';
import type { Blob } from './blob.ts';
import { reverseMembers } from './event-text.ts';
import type { FaultBoard, FaultTarget } from './faults.ts';

/** A blob's answer after the faults that change its bytes; `isWhole` is false when its records are no longer in it. */
export interface AlteredAnswer {
  readonly answer: Answer;
  readonly isWhole: boolean;
  /** True when it must come compressed, asked for or not. */
  readonly isCompressed: boolean;
}

export interface Body {
  readonly response: ServerResponse;
  readonly status: number;
  readonly headers: Record<string, string | number>;
  readonly pieces: readonly Buffer[];
  readonly isBlob: boolean;
  readonly target: FaultTarget;
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const SIGN_IN_PAGE = '<!DOCTYPE html><html><body>Please sign in.</body></html>';

/** Applies the faults that change what a blob holds or says it is. */
export function alterBlob(answer: Answer, { offsets, length }: Blob, target: FaultTarget, faults: FaultBoard): AlteredAnswer {
  if (faults.take('blob-not-json', target) !== undefined) return { answer: { status: 200, type: 'text/html', body: SIGN_IN_PAGE }, isWhole: false, isCompressed: false };
  const refusal = faults.take('error-as-blob', target);
  if (refusal !== undefined) return { answer: json(200, refusal.body), isWhole: false, isCompressed: false };
  let { body } = answer;
  if (faults.take('duplicate-record', target) !== undefined && offsets.length > 0 && typeof body !== 'string') {
    const bytes = Buffer.concat(body);
    const [begin = 0, second] = offsets;
    const first = bytes.subarray(begin, second === undefined ? length - 1 : second - 1);
    body = [bytes.subarray(0, begin), first, Buffer.from(','), bytes.subarray(begin)];
  } else if (typeof body !== 'string' && faults.take('reversed-members', target) !== undefined) {
    body = [reverseRecords(Buffer.concat(body), offsets)];
  }
  if (faults.take('byte-order-mark', target) !== undefined && typeof body !== 'string') body = [BYTE_ORDER_MARK, ...body];
  const wrongType = faults.take('wrong-content-type', target);
  return {
    answer: { ...answer, body, ...(wrongType === undefined ? {} : { type: wrongType.type }) },
    isWhole: true,
    isCompressed: faults.take('gzip-unasked', target) !== undefined,
  };
}

/** The same records, each with its members in the reverse order. */
function reverseRecords(bytes: Buffer, offsets: Uint32Array): Buffer {
  const isBare = offsets[0] === 0;
  const records = [...offsets].map((from, index) => reverseMembers(bytes.toString('latin1', from, (offsets[index + 1] ?? bytes.length + (isBare ? 1 : 0)) - 1)));
  return Buffer.from(isBare ? records.join('') : `[${records.join(',')}]`, 'latin1');
}

/** Sends the body as a fault would have it: `broken` when it did not arrive whole, `sent` when it did, `untouched` when no fault is on for it. */
export async function spoilBody(body: Body, { faults, clock, stop }: { readonly faults: FaultBoard; readonly clock: Clock; readonly stop: AbortSignal }): Promise<'broken' | 'sent' | 'untouched'> {
  const { response, headers, isBlob, target } = body;
  const taken = <Name extends 'truncated-body' | 'truncated-body-no-length' | 'connection-reset-in-body' | 'stalled-body' | 'slow-drip'>(name: Name) => {
    const fault = faults.peek(name, target);
    return fault !== undefined && (isBlob || fault.of === 'any') ? faults.take(name, target) : undefined;
  };
  const truncated = taken('truncated-body');
  if (truncated !== undefined) {
    await sendShare(body, truncated.share);
    response.destroy();
    return 'broken';
  }
  const unmeasured = taken('truncated-body-no-length');
  if (unmeasured !== undefined) {
    // Without length and chunks the end of the connection is the end of the body: nothing tells the client that it is early.
    delete headers['Content-Length'];
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    await sendShare(body, unmeasured.share);
    response.end();
    return 'broken';
  }
  const reset = taken('connection-reset-in-body');
  if (reset !== undefined) {
    await sendShare(body, reset.share);
    response.socket?.resetAndDestroy();
    return 'broken';
  }
  const stalled = taken('stalled-body');
  if (stalled !== undefined) {
    await sendShare(body, stalled.share);
    return 'broken';
  }
  const drip = taken('slow-drip');
  if (drip === undefined) return 'untouched';
  return await dripBody(body, drip.bytes, () => clock.wait(drip.everyMs, stop)) ? 'sent' : 'broken';
}

async function sendShare({ response, status, headers, pieces }: Body, share: number): Promise<void> {
  const whole = Buffer.concat(pieces);
  response.writeHead(status, headers);
  await write(response, whole.subarray(0, Math.floor(whole.length * share)));
}

async function dripBody({ response, status, headers, pieces }: Body, dropBytes: number, pause: () => Promise<void>): Promise<boolean> {
  const whole = Buffer.concat(pieces);
  response.writeHead(status, headers);
  for (let at = 0; at < whole.length; at += dropBytes) {
    if (!await write(response, whole.subarray(at, at + dropBytes))) return false;
    await pause();
  }
  response.end();
  return true;
}

/** Resolves when the bytes have left for the client, to false when it is gone. */
function write(response: ServerResponse, bytes: Buffer): Promise<boolean> {
  response.flushHeaders();
  return new Promise((resolve) => {
    if (response.destroyed || bytes.length === 0) {
      resolve(!response.destroyed);
      return;
    }
    const gone = (): void => resolve(false);
    response.once('close', gone);
    response.write(bytes, (error) => {
      response.off('close', gone);
      resolve(error === undefined || error === null);
    });
  });
}
