/**
 * Alerts: Defender portal (40), and those of other products (78, 98, 113, 235), risks found by Entra (294) and Purview (292, 306–308).
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#security-and-compliance-alerts-schema
 */
import { containerOf, textOfProperty } from '../captured';
import { emailOf, isPrincipalName, setUser } from '../common/identity';
import { addCategory, setAlert, setOwnAlert } from '../common/kind';
import { append, set, setDefault } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Category, Vocabulary, Word } from '../generated/vocabulary';
import { firstElement, memberOf, memberText, nextElement, textAt } from '../json/members';
import { Text } from '../json/span';
import { lower } from '../json/text';
import { lookupText } from '../names';
import { dataStart } from '../normalise/embedded';

const USER: u32 = 1;
const RECIPIENTS: u32 = 2;
const SENDER: u32 = 3;
const MALWARE_FAMILY: u32 = 4;

/** R530, R801–R807: an alert of the Defender portal, with the entity it is about. */
export function mapAlert(): void {
  setAlert();
  const category = textOfProperty(Property.Category);
  const known = lookupText(Vocabulary.alert_category, lower(category));
  addCategory(known != 0 ? known : <u32>Category.intrusion_detection);
  const name = textOfProperty(Property.Name);
  set(Field.message, name);
  set(Field.rule_name, name);
  set(Field.rule_id, textOfProperty(Property.PolicyId));
  set(Field.rule_category, category);
  set(Field.rule_ruleset, textOfProperty(Property.EntityType));
  set(Field.rule_description, textOfProperty(Property.AlertEntityId));
  mapLinks();
  mapEntity(textOfProperty(Property.AlertEntityId));
}

/** R806. */
function mapLinks(): void {
  const links = containerOf(Property.AlertLinks);
  for (let link = firstElement(links); link != 0; link = nextElement(links, link)) {
    append(Field.rule_reference, textAt(link));
    append(Field.rule_reference, memberText(link, Word.AlertLinkHref));
  }
  append(Field.rule_reference, textOfProperty(Property.AlertLinks));
}

/** R300, R807: by its type the entity is the user, an address, or malware. */
function mapEntity(entity: Text): void {
  if (entity == 0) return;
  const type = lookupText(Vocabulary.entity_type, lower(textOfProperty(Property.EntityType)));
  if (type == USER) {
    setUser(entity);
  } else if (type == RECIPIENTS) {
    if (isPrincipalName(entity)) set(Field.user_email, emailOf(entity));
    append(Field.email_to_address, entity);
  } else if (type == SENDER) {
    if (isPrincipalName(entity)) set(Field.user_email, emailOf(entity));
    append(Field.email_sender_address, entity);
  } else if (type == MALWARE_FAMILY) {
    set(Field.threat_software_name, entity);
  }
}

/** R573: a risk that was found. */
export function mapRisk(): void {
  setOwnAlert();
  addCategory(Category.intrusion_detection);
}

/** R574: an alert of another product. */
export function mapForeignAlert(): void {
  setOwnAlert();
  set(Field.rule_name, textOfProperty(Property.Name));
  setDefault(Field.rule_name, textOfProperty(Property.AlertDisplayName));
  if (dataStart != 0) setDefault(Field.rule_name, textAt(memberOf(dataStart, Word.AlertDisplayName)));
}
