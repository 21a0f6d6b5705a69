/** The event as a whole: normalised, and once more when it had keys twice or when the record's settings came after it. */
import { forgetCaptured } from '../captured';
import { forgetErrors } from '../errors';
import { Text } from '../json/span';
import { forgetKeys, tooManyKeys } from './duplicates';
import { forgetEmbedded } from './embedded';
import { duplicates, normalise } from './normalise';

/** Keys that stand twice are blanked out and the event is read again, at most so often: texts inside it may have them, too. */
const ROUNDS_LIMIT: u32 = 8;

/** The normalised event; no text when it is malformed. */
export let audit: Text = 0;

export function forgetAudit(): void {
  audit = 0;
}

/** Normalises the event whose brace lies at `at`, into `audit`; false when it is malformed. */
export function normaliseOnce(at: usize): bool {
  for (let round: u32 = 0; round < ROUNDS_LIMIT; round++) {
    forgetCaptured();
    forgetErrors();
    forgetKeys();
    forgetEmbedded();
    audit = normalise(at);
    if (audit != 0) return true;
    if (!duplicates || tooManyKeys()) return false;
  }
  return false;
}
