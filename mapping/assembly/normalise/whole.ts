/**
 * The event as a whole: normalised in one pass, and with care in a second one when something in it was suspect. Then it is read from a compact copy
 * without double keys, in which numbers that not every host keeps are texts; and where a name that the mapping made meets the event's own, both are joined.
 */
import { forgetCaptured } from '../captured';
import { forgetErrors, note } from '../errors';
import { Word } from '../generated/vocabulary';
import { Numbers, hasNumberAsText } from '../json/compact';
import { forgetLarge, sawLarge } from '../json/number';
import { Text } from '../json/span';
import { mark, release } from '../memory';
import { fromDouble } from '../mode';
import { withEqualKeysJoined } from './collisions';
import { copyWithoutDuplicates, forgetLost, lostValue } from './duplicates';
import { forgetData, setCareful } from './embedded';
import { normalise, normalised } from './normalise';
import { forgetKeys, suspect } from './seen-keys';
import { forgetAggregated } from './special';
import { forgetTexts } from './texts';

/** The normalised event; no text when it is malformed. */
export let audit: Text = 0;
/** Where the event ends, behind its closing brace. */
export let eventEnd: usize = 0;

export function forgetAudit(): void {
  audit = 0;
}

/** Normalises the event whose brace lies at `at`, into `audit`; false when it is malformed. */
export function normaliseEvent(at: usize): bool {
  const from = mark();
  eventEnd = pass(at);
  if (audit == 0) return false;
  if (!suspect && !(sawLarge && hasNumberAsText(at, eventEnd, fromDouble ? Numbers.printed : Numbers.exact))) return true;
  release(from);
  forgetLost();
  const copy = copyWithoutDuplicates(at, eventEnd);
  if (copy == 0) return true; // there is no memory for more, which is answered in any case
  setCareful(true);
  pass(copy);
  setCareful(false);
  if (lostValue) note(Word.event__a_key_stands_twice);
  audit = withEqualKeysJoined(audit);
  return true;
}

/** Reads the event once; answers where it ends. */
function pass(at: usize): usize {
  forgetCaptured();
  forgetErrors();
  forgetKeys();
  forgetTexts();
  forgetData();
  forgetLarge();
  forgetAggregated();
  const behind = normalise(at);
  audit = normalised;
  return behind;
}
