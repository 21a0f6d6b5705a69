/** The body of an alert or an investigation: short keys whose meaning is known, and entities (R015). */
import { isCaptured, textOfProperty } from '../captured';
import { append, setDefault } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { firstElement, memberOf, memberText, nextElement, textAt } from '../json/members';
import { Text } from '../json/span';
import { dataStart } from '../normalise/embedded';
import { addProperty } from './additions';
import { addressOf } from './endpoint';
import { emailOf, isNobody, isPrincipalName } from './identity';

/** Adds what the body says of mail and of the user; after the event's own mail properties. */
export function mapData(): void {
  if (dataStart == 0) return;
  const user = textOfProperty(Property.Data_f3u);
  if (isPrincipalName(user)) setDefault(Field.user_email, emailOf(user));
  append(Field.email_sender_address, textOfProperty(Property.Data_tsd));
  append(Field.email_to_address, textOfProperty(Property.Data_trc));
  append(Field.email_local_id, textOfProperty(Property.Data_aii));
  append(Field.email_message_id, textOfProperty(Property.Data_imsgid));
  append(Field.email_subject, textOfProperty(Property.Data_ms));
  const entities = memberOf(dataStart, Word.Entities);
  for (let entity = firstElement(entities); entity != 0; entity = nextElement(entities, entity)) {
    append(Field.email_message_id, memberText(entity, Word.InternetMessageId));
    append(Field.email_local_id, memberText(entity, Word.NetworkMessageId));
    append(Field.email_sender_address, memberText(entity, Word.P1Sender));
    append(Field.email_from_address, memberText(entity, Word.P2Sender));
    const recipient = memberText(entity, Word.Recipient);
    append(Field.email_to_address, recipient);
    if (recipient != 0) setDefault(Field.user_email, emailOf(recipient));
    append(Field.email_subject, memberText(entity, Word.Subject));
    addDelivery(entity);
  }
}

/** How a message was delivered and caught is said on the event's own level too, unless the event says it. */
function addDelivery(entity: usize): void {
  if (!isCaptured(Property.OriginalDeliveryLocation)) addProperty(Word.key_OriginalDeliveryLocation, memberText(entity, Word.OriginalDeliveryLocation));
  if (!isCaptured(Property.PhishConfidenceLevel)) addProperty(Word.key_PhishConfidenceLevel, memberText(entity, Word.PhishConfidenceLevel));
  if (isCaptured(Property.ThreatDetectionMethods)) return;
  const methods = memberOf(entity, Word.ThreatDetectionMethods);
  for (let method = firstElement(methods); method != 0; method = nextElement(methods, method)) {
    // they may come in lists of their own
    for (let one = firstElement(method); one != 0; one = nextElement(method, one)) addProperty(Word.key_ThreatDetectionMethods, textAt(one));
  }
}

/** R901: the senders' addresses. */
export function appendDataAddresses(): void {
  const entities = memberOf(dataStart, Word.Entities);
  for (let entity = firstElement(entities); entity != 0; entity = nextElement(entities, entity)) {
    append(Field.related_ip, addressOf(memberText(entity, Word.SenderIP)));
  }
}

/** R902: the users. */
export function appendDataUsers(): void {
  if (dataStart == 0) return;
  appendPrincipal(textOfProperty(Property.Data_f3u));
  appendPrincipal(textOfProperty(Property.Data_suid));
  appendPrincipal(textOfProperty(Property.Data_tsd));
  appendPrincipal(textOfProperty(Property.Data_trc));
  const entities = memberOf(dataStart, Word.Entities);
  for (let entity = firstElement(entities); entity != 0; entity = nextElement(entities, entity)) {
    const name = memberText(entity, Word.Upn);
    if (!isNobody(name)) append(Field.related_user, name);
  }
}

function appendPrincipal(text: Text): void {
  if (isPrincipalName(text)) append(Field.related_user, text);
}
