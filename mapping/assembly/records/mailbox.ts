/**
 * Mailbox audit: one item (2), several (3), rolled up by operation (19), rolled up by folder (50).
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#exchange-mailbox-schema
 */
import { textOfProperty } from '../captured';
import { mapServer } from '../common/client';
import { isPrincipalName, sameUser, setDefaultUser, setTarget } from '../common/identity';
import { addCategory, addType } from '../common/kind';
import { recordType } from '../common/event';
import { get, set } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Category, Type } from '../generated/vocabulary';

const AGGREGATED: u32 = 50;

/** R501–R503, and of R300–R304 what only mailboxes have: the owner is the target when somebody else worked in the mailbox. */
export function mapMailbox(): void {
  addCategory(Category.email);
  if (recordType == AGGREGATED) addType(Type.access);
  mapServer();
  setDefaultUser(textOfProperty(Property.LogonUserSid));
  set(Field.user_full_name, textOfProperty(Property.LogonUserDisplayName));
  const owner = textOfProperty(Property.MailboxOwnerUPN);
  const actor = get(Field.user_id);
  if (isPrincipalName(owner) && isPrincipalName(actor) && !sameUser(owner, actor)) setTarget(owner);
}
