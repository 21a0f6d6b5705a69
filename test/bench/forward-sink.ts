/** A Forward host that does nothing but acknowledge and count, as cheaply as JavaScript can. Its first line is its port. */
import { createServer } from 'node:net';
import { Packr } from 'msgpackr';

const packr = new Packr({ useRecords: false });
let events = 0;

const server = createServer((socket) => {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let wantedBytes = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (read: Buffer) => {
    waiting.push(read);
    waitingBytes += read.length;
    while (waitingBytes >= Math.max(64, wantedBytes)) {
      const bytes = Buffer.concat(waiting);
      const frameBytes = frameLength(bytes);
      waiting = [bytes];
      wantedBytes = frameBytes;
      if (bytes.length < frameBytes) return;
      const [, , option] = packr.unpack(bytes.subarray(0, frameBytes)) as [string, Uint8Array, { chunk: string; size: number }];
      events += option.size;
      socket.write(packr.pack({ ack: option.chunk }));
      waiting = [bytes.subarray(frameBytes)];
      waitingBytes = bytes.length - frameBytes;
      wantedBytes = 0;
    }
  });
}).listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port ?? '' : ''}\n`);
});
process.stdin.on('data', () => process.stdout.write(`${events}\n`)).on('end', () => process.exit(0));

/** `[tag, bin 32, {chunk, size}]`: the length of the whole frame by its headers; the option map is short, and its length is found by trying. */
function frameLength(bytes: Buffer): number {
  const tagLength = (bytes[1] ?? 0) & 0x1f;
  const payload = 2 + tagLength;
  const end = payload + 5 + bytes.readUInt32BE(payload + 1);
  if (bytes.length <= end) return end + 1;
  let last = Number.POSITIVE_INFINITY;
  try {
    packr.unpackMultiple(bytes.subarray(end), (_value, _start, optionEnd = 0) => {
      last = Math.min(last, optionEnd);
    });
  } catch {
    // behind the option map comes the beginning of the next frame, or nothing yet
  }
  return Number.isFinite(last) ? end + last : bytes.length + 1;
}
