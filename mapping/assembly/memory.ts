/**
 * The module's memory: one arena from the end of the static data upwards. Nothing is freed piece by piece; when the host has freed all that it
 * allocated (one call's arguments), the arena starts over. So memory is flat: its high-water mark depends on the largest record only.
 *
 * `malloc` and `free` are exported for the host. Without them WAMR, the runtime in Fluent Bit, puts a heap of its own behind the module's
 * initial memory and overwrites what lies there.
 */

/** What a scan may read behind the end of a text, and where a closing sentinel may be put. */
export const SLACK_BYTES: usize = 32;

let top: usize = 0;
let held: i32 = 0;

/** Takes `size` bytes for the host. 0 when the memory is exhausted. */
export function malloc(size: usize): usize {
  const start = size > usize.MAX_VALUE - SLACK_BYTES ? <usize>0 : reserve(size + SLACK_BYTES);
  if (start != 0) held++;
  return start;
}

/** Gives back what malloc gave. With the last piece the whole arena is empty again. */
export function free(start: usize): void {
  if (start == 0 || held == 0) return;
  if (--held == 0) top = __heap_base;
}

/** Takes `size` bytes until the arena starts over, aligned to 16. 0 when the memory is exhausted. */
export function reserve(size: usize): usize {
  if (top == 0) top = __heap_base;
  const start = (top + 15) & ~<usize>15;
  if (size > usize.MAX_VALUE - start || !provide(start + size)) return 0;
  top = start + size;
  return start;
}

/** Where the next reservation begins: with `release` it makes a piece of work leave nothing behind. */
export function mark(): usize {
  if (top == 0) top = __heap_base;
  return top;
}

/** Gives back everything reserved since `mark` answered `to`. */
export function release(to: usize): void {
  top = to;
}

/** Makes memory up to `limit` usable; false when the host allows no more. */
export function provide(limit: usize): bool {
  const pages = <i32>((<u64>limit + SLACK_BYTES + 0xffff) >>> 16);
  const missing = pages - memory.size();
  if (missing <= 0) return true;
  // a quarter more at a time: growing costs a host a copy, so it must not happen once a kilobyte
  const generous = max(missing, memory.size() >> 2);
  return memory.grow(generous) != -1 || memory.grow(missing) != -1;
}
