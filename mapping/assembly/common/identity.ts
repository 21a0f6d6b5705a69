/** Who did it, and to whom: user principal names and their parts (R300–R305). */
import { textOfProperty } from '../captured';
import { append, get, set, setDefault } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Vocabulary, Word } from '../generated/vocabulary';
import { Text, endOf, find, findLast, lengthOf, same, startOf, textOf } from '../json/span';
import { lower } from '../json/text';
import { lookupText } from '../names';
import { Option, asked } from '../mode';
import { parse, isPlainInteger } from '../json/number';
import { word } from '../words';

const AT: u32 = 0x40;
const BAR: u32 = 0x7c;
const HASH: u32 = 0x23;
/** User types have names from here on, by their number (0 to 10). */
const USER_TYPES: u32 = 11;

/** Whether the text is like a user principal name: exactly one `@`, something on both sides. */
export function isPrincipalName(text: Text): bool {
  if (text == 0) return false;
  const at = find(text, AT);
  return at > startOf(text) && at < endOf(text) - 1 && at == findLast(text, AT);
}

/** R301: SharePoint's claims reduced to the name in them: what follows the last `|`, and `urn:spo:guest#`. */
function withoutClaims(text: Text): Text {
  const bar = findLast(text, BAR);
  const name = bar == endOf(text) ? text : textOf(bar + 1, endOf(text));
  const guest = startOf(word(Word.urn_spo_guest_));
  if (name != 0 && load<u64>(startOf(name)) == load<u64>(guest)) {
    const hash = find(name, HASH);
    if (hash != endOf(name)) return textOf(hash + 1, endOf(name));
  }
  return name;
}

/** R300, its last part: whether a user id says nothing. */
export function isNobody(text: Text): bool {
  return text == 0 || lookupText(Vocabulary.nobody, lower(text)) != 0;
}

/** R300: the acting user, whatever it was; a text that names nobody leaves it as it is. */
export function setUser(text: Text): void {
  if (!isNobody(text)) set(Field.user_id, text);
}

/** R300: the acting user, unless there is one. */
export function setDefaultUser(text: Text): void {
  if (get(Field.user_id) == 0) setUser(text);
}

/** R300: the acting user; a record type may set another one later. */
export function mapUser(): void {
  setUser(textOfProperty(Property.UserId));
  if (asked(Option.user_roles)) {
    const type = textOfProperty(Property.UserType);
    if (type != 0 && lengthOf(type) <= 2 && isPlainInteger(type) && parse(type) < USER_TYPES) append(Field.user_roles, word(<u32>Word.Regular + <u32>parse(type)));
  }
}

/** R301: email, name and domain of the acting user and of the target, from their ids. */
export function splitUsers(): void {
  split(get(Field.user_id), Field.user_email, Field.user_name, Field.user_domain);
  split(get(Field.user_target_id), Field.user_target_email, Field.user_target_name, Field.user_target_domain);
}

function split(id: Text, email: Field, name: Field, domain: Field): void {
  if (id == 0) return;
  const principal = withoutClaims(id);
  if (!isPrincipalName(principal)) return;
  const at = find(principal, AT);
  set(email, lower(principal));
  set(name, textOf(startOf(principal), at));
  set(domain, lower(textOf(at + 1, endOf(principal))));
}

/** R304: what is left to say of the acting user once the id is split. */
export function completeUser(): void {
  const owner = textOfProperty(Property.MailboxOwnerUPN);
  if (get(Field.user_email) == 0 && !isNobody(owner)) set(Field.user_email, emailOf(owner));
}

/** A mail address as it is written: in lower case. */
export function emailOf(text: Text): Text {
  return lower(text);
}

/** R302: the user to whom it was done. */
export function setTarget(text: Text): void {
  if (get(Field.user_target_id) == 0 && !isNobody(text)) set(Field.user_target_id, text);
}

/** Whether two names mean the same user. */
export function sameUser(a: Text, b: Text): bool {
  return same(lower(a), lower(b));
}
