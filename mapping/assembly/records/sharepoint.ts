/**
 * SharePoint and OneDrive: sites and pages (4, 7), files (6), sharing (14), lists (36), comments (37), items, content types and columns (54–56), and what else has a
 * URL there (71, 102, 205, 277, 336).
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#sharepoint-base-schema
 */
import { textOfProperty } from '../captured';
import { operation } from '../common/event';
import { mapSharePointFile, schemeLength } from '../common/file';
import { isPrincipalName, setTarget } from '../common/identity';
import { addCategory, addType } from '../common/kind';
import { set } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Category, Type, Vocabulary } from '../generated/vocabulary';
import { Text, endOf, lengthOf, startOf } from '../json/span';
import { lower } from '../json/text';
import { lookupText } from '../names';

const USER: u32 = 1;
const GROUP: u32 = 2;

/** R520, R521: file operations and sharing. */
export function mapSharePointFileOperation(): void {
  mapSharePointFile();
  mapSharing();
  mapOthers();
}

/** R522: everything else that has a URL. */
export function mapSharePointSite(): void {
  const object = textOfProperty(Property.ObjectId);
  if (object != 0 && schemeLength(object) != 0) set(Field.url_original, object);
  mapSharing();
  mapOthers();
}

/** R302, R416: with whom it was shared, or who was made a member. */
function mapSharing(): void {
  const kind = lookupText(Vocabulary.sharing_target, lower(textOfProperty(Property.TargetUserOrGroupType)));
  const name = textOfProperty(Property.TargetUserOrGroupName);
  if (kind == GROUP) set(Field.group_name, name);
  else if (kind == USER && isPrincipalName(name)) setTarget(name);
}

/** R520, last rows, for what is in no table: whatever ends in Set or Modified is a setting, AccessRequest and anything is about sharing. */
function mapOthers(): void {
  if (operation == 0 || lookupText(Vocabulary.operation, operation) != 0) return;
  if (isAccessRequest(operation)) {
    addCategory(Category.file);
    addType(Type.change);
    return;
  }
  if (!endsWith(operation, 0x746553, 3) && !endsWith(operation, 0x64656966_69646f4d, 8)) return;
  addCategory(Category.configuration);
  addType(Type.change);
}

/** Whether the text begins with `AccessRequest`. */
function isAccessRequest(text: Text): bool {
  return lengthOf(text) >= 13 && load<u64>(startOf(text)) == 0x6552737365636341 && load<u64>(startOf(text), 5) == 0x7473657571655273;
}

/** Whether the text ends with up to 8 letters, packed. */
function endsWith(text: Text, letters: u64, count: usize): bool {
  return lengthOf(text) > count && (load<u64>(endOf(text) - count) ^ letters) << (64 - (<u64>count << 3)) == 0;
}
