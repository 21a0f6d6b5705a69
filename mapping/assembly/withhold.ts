/**
 * Texts as the rules may have them: JSON with detections of data loss prevention in it becomes its hash, as under o365.audit, where such detections are not to be seen (R540,
 * option dlp_detections). That is before the rules cut a text into pieces, of which the next would show what the first one names.
 */
import { writeSha256 } from './common/sha256';
import { decoded } from './json/decode';
import { Text, endOf, lengthOf, startOf } from './json/span';
import { begin, end } from './json/write';
import { withholding } from './mode';
import { withholdsText } from './normalise/detection-name';
import { spare } from './normalise/texts';

/** The canonical text, or its hash. */
// @ts-ignore: decorator
@inline
export function visible(text: Text): Text {
  return withholding && withholdsText(startOf(text), endOf(text)) ? hashOf(text) : text;
}

function hashOf(text: Text): Text {
  const to = spare(lengthOf(text));
  begin();
  if (to != 0) writeSha256(to, decoded(startOf(text), endOf(text), to));
  else writeSha256(startOf(text), endOf(text));
  return end();
}
