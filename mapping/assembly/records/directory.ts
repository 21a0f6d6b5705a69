/**
 * Entra directory changes (8).
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#azure-active-directory-base-schema
 */
import { containerOf, textOfProperty } from '../captured';
import { operation } from '../common/event';
import { isPrincipalName, setTarget } from '../common/identity';
import { addCategory, addType } from '../common/kind';
import { contains } from '../common/organization';
import { append, set, setDefault } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Category, Type, Vocabulary, Word } from '../generated/vocabulary';
import { elementBehind, firstElement, pick, picked0, picked1, pickedEnd, textAt } from '../json/members';
import { lengthOf, startOf } from '../json/span';
import { Option, asked } from '../mode';
import { lookupText } from '../names';

const FIVE: u8 = 0x35;

/** R302: the user that it was done to. R416: the group. What was done is in the table of operations (R510), or in the words of role management. */
export function mapDirectory(): void {
  mapRoleManagement();
  const object = textOfProperty(Property.ObjectId);
  if (isPrincipalName(object)) setTarget(object);
  else mapTargetOfType5();
  set(Field.group_name, textOfProperty(Property.ModifiedProperties_Group_DisplayName_NewValue));
  setDefault(Field.group_name, textOfProperty(Property.ModifiedProperties_Group_DisplayName_OldValue));
  set(Field.group_id, textOfProperty(Property.ModifiedProperties_Group_ObjectID_NewValue));
  if (asked(Option.target_roles)) append(Field.user_target_roles, textOfProperty(Property.ModifiedProperties_Role_DisplayName_NewValue));
}

/** The target that is a user principal name: Type 5. */
function mapTargetOfType5(): void {
  const targets = containerOf(Property.Target);
  for (let target = firstElement(targets); target != 0; target = elementBehind(targets, pickedEnd)) {
    pick(target, Word.Type, Word.ID);
    const type = textAt(picked0);
    if (lengthOf(type) != 1 || load<u8>(startOf(type)) != FIVE) continue;
    const id = textAt(picked1);
    if (!isPrincipalName(id)) continue;
    setTarget(id);
    return;
  }
}

/** R510: privileged identity management has more words for what becomes of a role than the table: "Add member to role request denied (PIM activation)". */
function mapRoleManagement(): void {
  if (lookupText(Vocabulary.operation_8, operation) != 0 || !contains(operation, Word.PIM) || !contains(operation, Word.role)) return;
  addCategory(Category.iam);
  addType(Type.admin | Type.change);
}
