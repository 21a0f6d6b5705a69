/** Everything in the document that names a user, an address, a host or a file's hash, for searches over all of them (R901–R904). */
import { containerOf, textOfProperty } from '../captured';
import { append, firstItem, get, itemText, nextItem } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { elementBehind, firstElement, pick, picked0, pickedEnd, textAt } from '../json/members';
import { Text } from '../json/span';
import { appendDataAddresses, appendDataUsers } from './data';
import { appendOtherAddresses } from './client';
import { addressOf } from './endpoint';
import { recordType } from './event';
import { isNobody } from './identity';

const TEAMS: u32 = 25;

/** R901–R904, in the order in which rules that join by the first value need them. */
export function mapRelated(): void {
  append(Field.related_ip, get(Field.client_ip));
  append(Field.related_ip, get(Field.server_ip));
  append(Field.related_ip, addressOf(textOfProperty(Property.SenderIp)));
  append(Field.related_ip, addressOf(textOfProperty(Property.SenderIP)));
  appendDataAddresses();
  appendOtherAddresses();
  mapUsers();
  append(Field.related_hosts, get(Field.host_name));
  append(Field.related_hosts, get(Field.user_domain));
  append(Field.related_hosts, get(Field.user_target_domain));
  append(Field.related_hosts, get(Field.url_domain));
  append(Field.related_hosts, get(Field.server_domain));
  append(Field.related_hosts, get(Field.client_domain));
  append(Field.related_hash, get(Field.file_hash_sha1));
  append(Field.related_hash, get(Field.file_hash_sha256));
}

/** R902: names first, then what identifies. */
function mapUsers(): void {
  append(Field.related_user, get(Field.user_name));
  append(Field.related_user, get(Field.user_target_name));
  append(Field.related_user, get(Field.file_owner));
  const members = recordType == TEAMS ? containerOf(Property.Members) : 0;
  for (let member = firstElement(members); member != 0; member = elementBehind(members, pickedEnd)) {
    pick(member, Word.UPN, Word.UPN);
    appendUser(textAt(picked0));
  }
  appendUser(textOfProperty(Property.Parameters_User));
  appendDataUsers();
  append(Field.related_user, get(Field.user_id));
  append(Field.related_user, get(Field.user_target_id));
  append(Field.related_user, get(Field.user_target_email));
  append(Field.related_user, get(Field.user_email));
  append(Field.related_user, get(Field.source_user_email));
  if (firstItem(Field.destination_user_email) == 0) append(Field.related_user, get(Field.destination_user_email));
  for (let item = firstItem(Field.destination_user_email); item != 0; item = nextItem(item)) append(Field.related_user, itemText(item));
  appendUser(textOfProperty(Property.MailboxOwnerUPN));
  appendUser(textOfProperty(Property.SendAsUserSmtp));
  appendUser(textOfProperty(Property.SendOnBehalfOfUserSmtp));
  appendUser(textOfProperty(Property.SharePointMetaData_From));
}

/** A name as the event says it, unless it is nobody's: events of nobody have nobody in common. */
function appendUser(name: Text): void {
  if (!isNobody(name)) append(Field.related_user, name);
}
