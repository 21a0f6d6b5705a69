/**
 * A record that is a document already: the collector has run the mapping, which V8 compiles and an agent interprets. What is left is to take its mark off. Only when
 * the agent has another text than the collector gave it (it escapes what is not ASCII, or a filter before this one has put something in) the record is read, and put together
 * anew: the document's own members as they are, what was added as it would be in any record (others.ts).
 */
import { endOfDocument, writeTimestamp } from './answer';
import { dateOf } from './common/time';
import { Vocabulary, Word } from './generated/vocabulary';
import { Numbers, writeCompact } from './json/compact';
import { memberKey, memberOf, memberText, memberValue, nextMember, openMembers } from './json/members';
import { COMMA, OPEN_BRACE } from './json/scan';
import { passValue } from './json/skip';
import { Text, endOf, startOf, textOf } from './json/span';
import { begin, byte } from './json/write';
import { lookup } from './names';
import { forgetOthers, noteOther, prepareOthers, writeOthers } from './others';
import { RECORD_KEY, keyEnd, keyStart, readKey } from './normalise/keys';

/** The document's own members, from key to value, by their numbers in the vocabulary `field_set`; no text for those that it does not have. */
const MEMBERS: usize = memory.data(64 * 8, 16);
const MEMBER_LIMIT: u32 = 64;
/** With a member's number in the vocabulary: its value is no object. */
const NO_OBJECT: u32 = 64;

/** The document of the marked record at `at`, which has been found well formed; as mapText answers it. */
export function documentIn(at: usize, withTime: bool, sec: u32, nsec: u32): Text {
  memory.fill(MEMBERS, 0, <usize>MEMBER_LIMIT << 3);
  forgetOthers();
  for (let more = openMembers(at); more; more = nextMember()) take();
  prepareOthers();
  const time = withTime ? dateOf(memberText(memberOf(memberOf(at, Word.o365), Word.audit), Word.CreationTime)) : 0;
  begin();
  byte(OPEN_BRACE);
  if (withTime) writeTimestamp(time, sec, nsec);
  let isFirst = !withTime;
  for (let number: u32 = 0; number < MEMBER_LIMIT; number++) {
    const member = load<u64>(MEMBERS + (<usize>number << 3));
    if (member == 0) continue;
    if (!isFirst) byte(COMMA);
    isFirst = false;
    writeCompact(startOf(member), endOf(member), Numbers.keep);
  }
  writeOthers(!isFirst);
  return endOfDocument();
}

/** Takes the member in hand: one of the document's own once, and only with a value of its kind. */
function take(): void {
  const key = memberKey;
  readKey(key, RECORD_KEY);
  const own = lookup(Vocabulary.field_set, keyStart + 1, keyEnd - keyStart - 1);
  if (own == 0) {
    if (lookup(Vocabulary.envelope, keyStart + 1, keyEnd - keyStart - 1) == 0) noteOther(key);
    return;
  }
  const place = MEMBERS + (<usize>(own & (MEMBER_LIMIT - 1)) << 3);
  const isObject = <u32>load<u8>(memberValue) == OPEN_BRACE;
  if (own != NO_OBJECT && load<u64>(place) == 0 && isObject == (own < NO_OBJECT)) store<u64>(place, textOf(key, passValue(memberValue)));
}
