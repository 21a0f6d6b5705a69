/**
 * Entra directory changes (8).
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#azure-active-directory-base-schema
 */
import { containerOf, textOfProperty } from '../captured';
import { operation } from '../common/event';
import { isPrincipalName, setTarget } from '../common/identity';
import { addCategory, addType } from '../common/kind';
import { contains, position } from '../common/organization';
import { append, set, setDefault } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Category, Type, Vocabulary, Word } from '../generated/vocabulary';
import { elementBehind, firstElement, pick, picked0, picked1, pickedEnd, textAt } from '../json/members';
import { endOf, lengthOf, startOf } from '../json/span';
import { Option, asked } from '../mode';
import { lookupText } from '../names';

const FIVE: u8 = 0x35;

/** R302: the user that it was done to. R416: the group. What was done is in the table of operations (R510), or in its words. */
export function mapDirectory(): void {
  mapOtherWords();
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

/**
 * R510: the directory has more words than the table. Of privileged identity management: "Add member to role request denied (PIM activation)"; and whatever is about
 * the roles of applications, credentials, the synchronisation with another directory, or a domain that goes.
 */
function mapOtherWords(): void {
  if (operation == 0 || lookupText(Vocabulary.operation_8, operation) != 0) return;
  if ((contains(operation, Word.PIM) && contains(operation, Word.role)) || contains(operation, Word.app_role_assignment)) {
    addCategory(Category.iam);
    addType(Type.admin | Type.change);
  } else if (contains(operation, Word.credentials)) {
    addCategory(Category.iam);
    addType(Type.change);
  } else if (position(operation, Word.Set_DirSync) == startOf(operation)) {
    addCategory(Category.configuration);
    addType(Type.change);
  } else if (position(operation, Word.Remove) == startOf(operation) && position(operation, Word.domain) + 6 == endOf(operation)) {
    addCategory(Category.configuration);
    addType(Type.deletion);
  }
}
