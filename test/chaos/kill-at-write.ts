/**
 * Kills the process it is loaded into (`node --import`) at an exact point of writing a journal or a dead letter: in the middle of a write, before or after its sync,
 * before or after a new file takes the old one's place. The program under it is the real one; only the file system's answer never comes.
 *
 * CHAOS_DOOM is a Doom of doom.ts as JSON.
 */
import { readlinkSync } from 'node:fs';
import files, { type FileHandle } from 'node:fs/promises';
import type { Doom } from './doom.ts';

const doom = JSON.parse(process.env.CHAOS_DOOM ?? '{}') as Doom;
let reached = 0;

/** Whether this is the moment. */
function isDue(kind: Doom['kind']): boolean {
  if (doom.kind !== kind || !('at' in doom)) return false;
  reached += 1;
  return reached === doom.at;
}

/** Nothing runs after this. */
function die(): never {
  process.kill(process.pid, 'SIGKILL');
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const probe = await files.open(process.execPath);
const handles = Object.getPrototypeOf(probe) as FileHandle;
await probe.close();

const OURS = /\.(journal|letter)(\.new)?$/;
const isOurs = ({ fd }: FileHandle): boolean => OURS.test(readlinkSync(`/proc/self/fd/${fd}`));

type Write = (this: FileHandle, bytes: Uint8Array, from?: number, length?: number) => Promise<unknown>;
const write = Reflect.get(handles, 'write') as Write;
const datasync = Reflect.get(handles, 'datasync');
Reflect.set(handles, 'write', async function (bytes, from = 0, ...rest) {
  if (isOurs(this) && isDue('in a write') && 'share' in doom) {
    await write.call(this, bytes, from, Math.floor((bytes.length - from) * doom.share));
    die();
  }
  return await write.call(this, bytes, from, ...rest);
} satisfies Write);
handles.datasync = async function (this: FileHandle) {
  if (isOurs(this) && isDue('before a sync')) die();
  await datasync.call(this);
  if (isOurs(this) && isDue('after a sync')) die();
};

const { rename } = files;
files.rename = async (from, to) => {
  const isWatched = OURS.test(String(to));
  if (isWatched && isDue('before a rename')) die();
  await rename(from, to);
  if (isWatched && isDue('after a rename')) die();
};
