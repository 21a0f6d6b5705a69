/** Bodies of successes that must be JSON. */
import { failure, reasonOf } from '../errors.ts';
import type { HttpResponse } from '../types.ts';

/** Reads a body of at most `limitBytes` with `read`, which throws for anything it cannot read: API_UNREADABLE then. */
export async function readJson<Result>(response: HttpResponse, limitBytes: number, { tenant, what }: { readonly tenant: string; readonly what: string }, read: (text: string) => Result): Promise<Result> {
  const text = await response.text(limitBytes);
  try {
    return read(text);
  } catch (error) {
    throw failure('API_UNREADABLE', { tenant, what, detail: `${reasonOf(error)} (HTTP ${response.status}, ${text.length} characters)` });
  }
}
