/** Where the request came from, and which server answered (R200–R207). */
import { textOfProperty } from '../captured';
import { append, get, set, setNumber } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Vocabulary, Word } from '../generated/vocabulary';
import { BACKSLASH } from '../json/scan';
import { Text, endOf, find, lengthOf, startOf, textOf } from '../json/span';
import { lower, trim } from '../json/text';
import { lookupText } from '../names';
import { word } from '../words';
import { address, addressOf, domain, ip, others, port, readEndpoint } from './endpoint';
import { isIpv6, readIpv4 } from './ip';

/** Addresses of the event that are not the client's, for related.ip. */
const OTHERS_LIMIT: u32 = 32;
const OTHERS: usize = memory.data(32 * 8, 16);
let otherCount: u32 = 0;
let clientFound: bool = false;
/** The first candidate without an address: the client when there is no better one. */
let fallback: Text = 0;

/** Forgets the last event's addresses. */
export function forgetClient(): void {
  otherCount = 0;
  clientFound = false;
  fallback = 0;
}

/** R201: the device before the front end, what parses before what does not; all other addresses are related. */
export function mapClient(): void {
  consider(textOfProperty(Property.ClientIPAddress));
  consider(textOfProperty(Property.ClientIP));
  consider(textOfProperty(Property.ActorIpAddress));
  consider(textOfProperty(Property.ActorIP));
  consider(textOfProperty(Property.UserIp));
  consider(textOfProperty(Property.Client_IPAddress));
  if (!clientFound && fallback != 0) {
    readEndpoint(fallback);
    setClient();
  }
}

function consider(candidate: Text): void {
  const text = trim(candidate);
  if (isNoAddress(text)) return;
  readEndpoint(text);
  if (ip == 0) {
    if (fallback == 0) fallback = text;
    return;
  }
  const rest = others;
  if (clientFound) {
    remember(ip);
  } else {
    clientFound = true;
    setClient();
  }
  if (rest != 0) rememberList(rest);
}

/** R200: whether the text is one of those that stand for no address. */
function isNoAddress(text: Text): bool {
  return text == 0 || lookupText(Vocabulary.no_address, lower(text)) != 0;
}

/** R203, R204, R207: what the endpoint in hand says. */
function setClient(): void {
  set(Field.client_address, address);
  set(Field.source_address, address);
  set(Field.client_domain, domain);
  if (port != 0) {
    setNumber(Field.client_port, port);
    setNumber(Field.source_port, port);
  }
  if (ip == 0) return;
  set(Field.client_ip, ip);
  set(Field.source_ip, ip);
  set(Field.network_type, word(isIpv6(ip) ? Word.ipv6 : Word.ipv4));
}

function remember(other: Text): void {
  if (otherCount < OTHERS_LIMIT) store<u64>(OTHERS + (<usize>(otherCount++) << 3), other);
}

function rememberList(list: Text): void {
  let rest = list;
  while (rest != 0) {
    const comma = find(rest, 0x2c);
    const item = trim(textOf(startOf(rest), comma));
    rest = comma == endOf(rest) ? 0 : textOf(comma + 1, endOf(rest));
    if (item == 0) continue;
    readEndpoint(item);
    if (ip != 0) remember(ip);
  }
}

/** R901, its last part: the other addresses. */
export function appendOtherAddresses(): void {
  for (let i: u32 = 0; i < otherCount; i++) append(Field.related_ip, load<u64>(OTHERS + (<usize>i << 3)));
}

/** R205, R206: `NAME (15.20.2707.021)`, in which the bracket holds a build and only seldom an address. */
export function mapServer(): void {
  const text = trim(textOfProperty(Property.OriginatingServer));
  if (isNoAddress(text)) return;
  const open = find(text, 0x28);
  const name = trim(textOf(startOf(text), open));
  const own = addressOf(name);
  set(Field.server_address, own != 0 ? own : name);
  if (own == 0) set(Field.server_domain, name);
  let server = own;
  if (open != endOf(text)) {
    const inside = trim(textOf(open + 1, find(text, 0x29)));
    if (!isBuild(inside)) server = addressOf(inside);
  }
  set(Field.server_ip, server);
  set(Field.destination_ip, server);
}

/** Whether an address-like text has the form of an Exchange build: 15.a.b.0cd. */
function isBuild(text: Text): bool {
  return lengthOf(text) > 5 && load<u8>(startOf(text)) == 0x31 && load<u8>(startOf(text), 1) == 0x35 && load<u8>(startOf(text), 2) == 0x2e;
}
