/** Words that the mapping writes, by their number. */
import { WORD_ROWS, WORD_TEXT, Word } from './generated/vocabulary';
import { Text } from './json/span';

/** The text of a word. */
export function word(number: Word): Text {
  const row = WORD_ROWS + (<usize>number << 2);
  return <u64>(WORD_TEXT + <usize>load<u16>(row)) | (<u64>load<u16>(row, 2) << 32);
}
