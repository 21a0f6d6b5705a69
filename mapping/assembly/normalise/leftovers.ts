/** What a rule does not take over from an array: its JSON text stays at `<name>_raw`, so that nothing of the event is lost. */
import { Kind } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpace } from '../json/scan';
import { memberOf } from '../json/members';
import { skipKey, skipValue } from '../json/skip';
import { keyEnd, keyStart, takeKey } from './keys';
import { Pass, forgetOpened, push } from './levels';
import { isNothing } from './pair';
import { CLOSING_BRACKET, breakRun, pop, writeMember } from './run';
import { writeValueAsText } from './values';

/** Keeps all elements of the array at `at` but the first. */
export function keepOthers(at: usize): void {
  const comma = skipSpace(skipValue(skipSpace(at + 1)));
  if (<u32>load<u8>(comma) == COMMA) keepFrom(skipSpace(comma + 1), false);
}

/** Keeps the links, of an array or of one alone at `at`, that have more than their address. */
export function keepLongLinks(at: usize): void {
  const first = <u32>load<u8>(at) == OPEN_BRACKET ? skipSpace(at + 1) : at;
  if (hasLongLink(first, first != at)) keepFrom(first, true);
}

/** Whether one of the elements from `element` on, or `element` itself where it is in no array, is a link with more. */
function hasLongLink(element: usize, inArray: bool): bool {
  while (true) {
    if (isLongLink(element)) return true;
    const comma = skipSpace(skipValue(element));
    if (!inArray || <u32>load<u8>(comma) != COMMA) return false;
    element = skipSpace(comma + 1);
  }
}

/** Writes the elements from `element` on, all of them or the long links, under the key in hand and `_raw`. */
function keepFrom(element: usize, longLinks: bool): void {
  const key = keyStart;
  const end = keyEnd;
  push(true, Kind.keyword, 0, 0, key, end, Pass.raw, element);
  forgetOpened();
  breakRun();
  while (true) {
    if (longLinks ? isLongLink(element) : !isNothing(element)) {
      writeMember(0, 0, Pass.fit);
      writeValueAsText(element, 0);
    }
    const comma = skipSpace(skipValue(element));
    if (<u32>load<u8>(comma) != COMMA) break;
    element = skipSpace(comma + 1);
  }
  pop(CLOSING_BRACKET);
  breakRun();
  takeKey(key, end, false);
}

/** Whether the object at `at` has an address and anything else that is not empty. */
function isLongLink(at: usize): bool {
  if (<u32>load<u8>(at) != OPEN_BRACE) return false;
  const href = memberOf(at, Word.AlertLinkHref);
  if (href == 0) return false;
  let member = skipSpace(at + 1);
  while (<u32>load<u8>(member) == QUOTE) {
    const value = skipSpace(skipKey(member));
    if (value != href && !isNothing(value)) return true;
    member = skipSpace(skipValue(value));
    if (<u32>load<u8>(member) != COMMA) break;
    member = skipSpace(member + 1);
  }
  return false;
}
