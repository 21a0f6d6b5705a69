/** What data loss prevention took for secrets, and the text around it: kept, hashed or dropped, as the record asks (R540, option dlp_detections). */
import { writeSha256 } from '../common/sha256';
import { HASHED_CONTEXT, Kind } from '../generated/properties';
import { decoded } from '../json/decode';
import { BROKEN, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpace } from '../json/scan';
import { skipValue } from '../json/skip';
import { byte } from '../json/write';
import { Option, asked } from '../mode';
import { spare } from './embedded';
import { keyEnd, keyStart } from './keys';
import { Pass, breakRun, push } from './levels';
import { MALFORMED } from './pairs';

/** Takes the value at `at`; 0 when it is to be kept like any other. */
export function detections(at: usize, head: u32): usize {
  if (asked(Option.dlp_drop)) {
    const behind = skipValue(at);
    breakRun();
    return behind == 0 ? MALFORMED : behind;
  }
  if (!asked(Option.dlp_hash) || (head != OPEN_BRACKET && head != OPEN_BRACE)) return 0;
  push(head == OPEN_BRACKET, Kind.hashed, HASHED_CONTEXT, 0, keyStart, keyEnd, Pass.fit, at);
  breakRun();
  return skipSpace(at + 1);
}

/** Writes the hash of a string's characters, or of a scalar's text, as a string. */
export function quoteHash(start: usize, finish: usize, flags: u32): void {
  const to: usize = (flags & BROKEN) != 0 ? 0 : spare(finish - start);
  byte(QUOTE);
  if (to != 0) writeSha256(to, decoded(start, finish, to));
  else writeSha256(start, finish);
  byte(QUOTE);
}
