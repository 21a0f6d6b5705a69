/**
 * Where a request came from or went to, as the service's many spellings say it: `1.2.3.4:567`, `[v6]:port`, `NAME (1.2.3.4)`, a list, a machine's name
 * (R202). Only a valid address becomes an `ip`; anything else stays an address.
 */
import { CLOSE_BRACKET, COLON, COMMA, OPEN_BRACKET } from '../json/scan';
import { Text, endOf, find, findLast, lengthOf, startOf, textOf } from '../json/span';
import { trim } from '../json/text';
import { begin, end } from '../json/write';
import { writeAddress } from './ip';

const PORT_LIMIT: u32 = 65535;
const OPEN: u32 = 0x28;
const CLOSE: u32 = 0x29;
const DOT: u32 = 0x2e;
const SLASH: u32 = 0x2f;

/** What the last endpoint was made of; no text and 0 where it had no such part. */
export let address: Text = 0;
export let ip: Text = 0;
export let domain: Text = 0;
export let port: u32 = 0;
/** What follows the first address of a list. */
export let others: Text = 0;

/** Takes a text apart, which is not empty. */
export function readEndpoint(text: Text): void {
  address = text;
  ip = 0;
  domain = 0;
  port = 0;
  others = 0;
  if (find(text, COMMA) != endOf(text)) {
    readList(text);
    return;
  }
  readOne(text);
}

/** Of a list the first valid address; the rest is left in `others`. */
function readList(text: Text): void {
  let rest = text;
  while (rest != 0) {
    const comma = find(rest, COMMA);
    const item = trim(textOf(startOf(rest), comma));
    rest = comma == endOf(rest) ? 0 : textOf(comma + 1, endOf(rest));
    if (item != 0) readOne(item);
    if (ip != 0) {
      others = rest;
      return;
    }
  }
  address = text;
  domain = 0;
  port = 0;
}

function readOne(text: Text): void {
  address = text;
  domain = 0;
  port = 0;
  ip = addressOf(text);
  if (ip != 0) {
    address = ip;
    return;
  }
  const start = startOf(text);
  if (<u32>load<u8>(start) == OPEN_BRACKET) {
    const close = findLast(text, CLOSE_BRACKET);
    if (close == endOf(text)) return;
    readHost(textOf(start + 1, close));
    if (close + 1 < endOf(text) && <u32>load<u8>(close + 1) == COLON) port = portOf(textOf(close + 2, endOf(text)));
    return;
  }
  const colon = find(text, COLON);
  if (colon != endOf(text) && colon == findLast(text, COLON) && colon > start) {
    readHost(textOf(start, colon));
    const rest = textOf(colon + 1, endOf(text));
    if (ip != 0 || (domain != 0 && mayBePort(rest))) {
      port = portOf(rest);
    } else {
      address = text;
      domain = 0;
    }
    return;
  }
  readHost(text);
}

/** An address, a name, or `NAME (address)`. */
function readHost(text: Text): void {
  address = text;
  if (text == 0) return;
  ip = addressOf(text);
  if (ip != 0) {
    address = ip;
    return;
  }
  const open = find(text, OPEN);
  if (open != endOf(text) && <u32>load<u8>(endOf(text) - 1) == CLOSE) {
    const name = trim(textOf(startOf(text), open));
    const inside = trim(textOf(open + 1, endOf(text) - 1));
    if (isName(name) && inside != 0) {
      domain = name;
      ip = addressOf(inside);
      address = ip != 0 ? ip : inside;
    }
    return;
  }
  if (isName(text)) domain = text;
}

/** The canonical form of the address that the text is; no text when it is none. */
export function addressOf(text: Text): Text {
  const first = <u32>load<u8>(startOf(text)) | 0x20;
  // digits, a to f, or a colon
  if (text == 0 || !(first - 0x30 < 10 || first - 0x61 < 6 || first == COLON)) return 0;
  begin();
  const good = writeAddress(text);
  const made = end();
  return good ? made : 0;
}

/** Whether the text may name a machine: letters, digits, `.`, `-`, `_`, and at least one letter. */
function isName(text: Text): bool {
  let letters = false;
  for (let at = startOf(text), finish = endOf(text); at < finish; at++) {
    const letter = <u32>load<u8>(at);
    if ((letter | 0x20) - 0x61 < 26) letters = true;
    else if (!(letter - 0x30 < 10 || letter == 0x2e || letter == 0x2d || letter == 0x5f)) return false;
  }
  return letters;
}

/** Whether what stands behind a name is a port, or at least a word: in `ffff:10.0.0.5` and `http://…` the name is none. */
function mayBePort(text: Text): bool {
  return find(text, DOT) == endOf(text) && find(text, SLASH) == endOf(text);
}

/** A port from 1 to 65535; 0 when the text is none. */
export function portOf(text: Text): u32 {
  if (lengthOf(text) > 5) return 0;
  let value: u32 = 0;
  for (let at = startOf(text), finish = endOf(text); at < finish; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) return 0;
    value = value * 10 + digit;
  }
  return value > PORT_LIMIT ? 0 : value;
}
