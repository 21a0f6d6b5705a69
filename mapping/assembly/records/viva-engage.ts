/**
 * Viva Engage, once Yammer (22).
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#yammer-schema
 */
import { textOfProperty } from '../captured';
import { append, set } from '../document';
import { emailOf, setDefaultUser } from '../common/identity';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';

/** R550: what was done is in the table of operations; here are the file, the group and the people (R300, R303, R304). */
export function mapVivaEngage(): void {
  setDefaultUser(textOfProperty(Property.ActorYammerUserId));
  set(Field.user_email, emailOf(textOfProperty(Property.ActorUserId)));
  set(Field.file_inode, textOfProperty(Property.FileId));
  set(Field.file_name, textOfProperty(Property.FileName));
  set(Field.group_name, textOfProperty(Property.GroupName));
  append(Field.destination_user_email, textOfProperty(Property.TargetUserId));
  set(Field.destination_user_id, textOfProperty(Property.TargetYammerUserId));
}
