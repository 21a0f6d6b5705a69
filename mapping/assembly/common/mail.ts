/** Mail that an event is about: who to whom, subject, ids, attachments (R601–R608). */
import { containerOf, isCaptured, textOfProperty } from '../captured';
import { append, firstItem, get, itemText, nextItem, set, setJson } from '../document';
import { Field } from '../generated/fields';
import { Context, Property } from '../generated/properties';
import { Vocabulary, Word } from '../generated/vocabulary';
import {
  elementBehind, firstElement, memberName, memberOf, memberValue, nextElement, nextMember, openMembers, pick, picked0, picked1, picked2, pickedEnd, textAt,
} from '../json/members';
import { Text, endOf, find, findLast, lengthOf, startOf, textOf } from '../json/span';
import { lower, trim } from '../json/text';
import { lookupText } from '../names';
import { audit } from '../normalise/whole';
import { word } from '../words';
import { addAttachment, addAttachments, forgetAttachments, writeAttachments } from './attachments';
import { dateOf } from './time';

/** Of aggregated folders so many message ids are taken; all of them stay under o365.audit (R503). */
const MESSAGE_IDS_LIMIT: u32 = 100;
const SEMICOLON: u32 = 0x3b;
const AT: u32 = 0x40;

/** R601–R608 for every event; source.user and destination.user must be known. */
export function mapMail(): void {
  forgetAttachments();
  append(Field.email_message_id, textOfProperty(Property.InternetMessageId));
  append(Field.email_message_id, textOfProperty(Property.Item_InternetMessageId));
  append(Field.email_message_id, textOfProperty(Property.ExchangeMetaData_MessageID));
  append(Field.email_subject, textOfProperty(Property.Subject));
  append(Field.email_subject, textOfProperty(Property.Item_Subject));
  append(Field.email_subject, textOfProperty(Property.ExchangeMetaData_Subject));
  append(Field.email_local_id, textOfProperty(Property.NetworkMessageId));
  addAttachments(textOfProperty(Property.Item_Attachments));
  mapAffectedItems();
  mapAttachmentData();
  mapFolders();
  mapAddresses();
  set(Field.email_origination_timestamp, dateOf(textOfProperty(Property.ExchangeMetaData_Sent)));
  set(Field.email_delivery_timestamp, dateOf(textOfProperty(Property.MessageTime)));
  const direction = lookupText(Vocabulary.direction, lower(textOfProperty(Property.Directionality)));
  if (direction != 0) set(Field.email_direction, word(<u32>Word.inbound + direction - 1));
  setJson(Field.email_attachments, writeAttachments());
}

/** R502: what was done to several items at once. */
function mapAffectedItems(): void {
  const items = containerOf(Property.AffectedItems);
  for (let item = firstElement(items); item != 0; item = elementBehind(items, pickedEnd)) {
    pick(item, Word.InternetMessageId, Word.Subject, Word.Attachments);
    append(Field.email_message_id, textAt(picked0));
    append(Field.email_subject, textAt(picked1));
    addAttachments(textAt(picked2));
  }
}

/** R608: what was attached to a message that was caught. */
function mapAttachmentData(): void {
  const items = containerOf(Property.AttachmentData);
  for (let item = firstElement(items); item != 0; item = elementBehind(items, pickedEnd)) {
    pick(item, Word.SHA256, Word.FileName);
    const hash = textAt(picked0);
    addAttachment(textAt(picked1), 0, hash);
    append(Field.related_hash, hash);
  }
}

/** R503: the messages in aggregated folders. */
function mapFolders(): void {
  const folders = containerOf(Property.ExchangeAggregatedFolders);
  let count: u32 = 0;
  for (let folder = firstElement(folders); folder != 0 && count < MESSAGE_IDS_LIMIT;) {
    pick(folder, Word.FolderItems, Word.FolderItems);
    const end = pickedEnd;
    const items = picked0;
    for (let item = firstElement(items); item != 0 && count < MESSAGE_IDS_LIMIT; item = elementBehind(items, pickedEnd)) {
      pick(item, Word.InternetMessageId, Word.InternetMessageId);
      const id = textAt(picked0);
      append(Field.email_message_id, id);
      if (id != 0) count++;
    }
    folder = elementBehind(folders, end);
  }
}

/** R605–R607. */
function mapAddresses(): void {
  appendParameter(Field.email_to_address, Property.Parameters_ForwardTo);
  appendParameter(Field.email_to_address, Property.Parameters_ForwardAsAttachmentTo);
  appendParameter(Field.email_to_address, Property.Parameters_RedirectTo);
  appendParameter(Field.email_to_address, Property.Parameters_RedirectToRecipients);
  appendParameter(Field.email_to_address, Property.Parameters_RedirectMessageTo);
  appendParameter(Field.email_to_address, Property.Parameters_ForwardingSmtpAddress);
  appendParameter(Field.email_to_address, Property.Parameters_ForwardingAddress);
  appendParameter(Field.email_bcc_address, Property.Parameters_BlindCopyTo);
  const recipients = containerOf(Property.Recipients);
  for (let one = firstElement(recipients); one != 0; one = nextElement(recipients, one)) append(Field.email_to_address, textAt(one));
  append(Field.email_to_address, textOfProperty(Property.Recipients));
  if (firstItem(Field.destination_user_email) == 0) append(Field.email_to_address, get(Field.destination_user_email));
  for (let item = firstItem(Field.destination_user_email); item != 0; item = nextItem(item)) append(Field.email_to_address, itemText(item));
  const sender = textOfProperty(Property.P1Sender);
  if (lengthOf(sender) > 2) append(Field.email_sender_address, sender);
  append(Field.email_sender_address, get(Field.source_user_email));
  appendParameter(Field.email_from_address, Property.Parameters_From);
  append(Field.email_from_address, textOfProperty(Property.P2Sender));
  append(Field.email_from_address, textOfProperty(Property.Sender));
}

/** The mail addresses of a cmdlet's parameter, which may have several values: it was there more than once (R009), or in the text of a cmdlet (R012). */
function appendParameter(field: Field, parameter: Property): void {
  if (!isCaptured(parameter)) return;
  for (let more = openMembers(memberOf(startOf(audit), Word.Parameters)); more; more = nextMember()) {
    if (lookupText(Context.Parameters, memberName) != parameter) continue;
    const values = memberValue;
    for (let one = firstElement(values); one != 0; one = nextElement(values, one)) appendAddresses(field, textAt(one));
  }
}

/** The mail addresses of a list divided by semicolons. */
function appendAddresses(field: Field, list: Text): void {
  let rest = list;
  while (rest != 0) {
    const divider = find(rest, SEMICOLON);
    const address = addressIn(trim(textOf(startOf(rest), divider)));
    if (address != 0) append(field, address);
    rest = divider == endOf(rest) ? 0 : textOf(divider + 1, endOf(rest));
  }
}

/** The mail address in `Name <address>`, `"Name" [SMTP:address]` or `smtp:address`; no text when there is none. */
function addressIn(text: Text): Text {
  let address = between(text, 0x3c, 0x3e);
  if (address == 0) address = between(text, 0x5b, 0x5d);
  if (address == 0) address = text;
  const colon = find(address, 0x3a);
  if (colon != endOf(address)) address = textOf(colon + 1, endOf(address));
  return find(address, AT) == endOf(address) ? 0 : address;
}

function between(text: Text, open: u32, close: u32): Text {
  const start = find(text, open);
  const finish = findLast(text, close);
  return start < finish && finish != endOf(text) ? textOf(start + 1, finish) : 0;
}
