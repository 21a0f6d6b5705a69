/** Whose event it is, and the host under which a SIEM groups it (R400–R404). */
import { textOfProperty } from '../captured';
import { get, set, setDefault } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { Text, endOf, lengthOf, startOf } from '../json/span';
import { lower } from '../json/text';
import { nameOfPlatform } from '../normalise/codes';
import { word } from '../words';

/** R400–R403: what the record says of the tenant comes first; users must be split before. */
export function mapOrganization(): void {
  set(Field.organization_id, lower(textOfProperty(Property.OrganizationId)));
  setDefault(Field.organization_name, textOfProperty(Property.OrganizationName));
  set(Field.host_id, get(Field.organization_id));
  set(Field.host_name, textOfProperty(Property.DeviceName));
  setDefault(Field.host_name, textOfProperty(Property.EndpointMetaData_DeviceName));
  setDefault(Field.host_name, textOfProperty(Property.Common_DeviceName));
  setDefault(Field.host_name, get(Field.organization_name));
  setDefault(Field.host_name, get(Field.user_domain));
}

/** R404: the operating system in a platform's name. `mac` is looked for before `ios`. */
export function mapPlatform(): void {
  let platform = textOfProperty(Property.Platform);
  if (platform == 0) platform = platformOfLabel(textOfProperty(Property.Common_Platform));
  if (platform == 0) return;
  set(Field.host_os_platform, platform);
  const name = lower(platform);
  if (contains(name, Word.windows)) set(Field.host_os_type, word(Word.windows));
  else if (contains(name, Word.linux)) set(Field.host_os_type, word(Word.linux));
  else if (contains(name, Word.mac)) set(Field.host_os_type, word(Word.macos));
  else if (contains(name, Word.unix)) set(Field.host_os_type, word(Word.unix));
  else if (contains(name, Word.ios)) set(Field.host_os_type, word(Word.ios));
  else if (contains(name, Word.android)) set(Field.host_os_type, word(Word.android));
}

/** R018: of a code the name, of anything else the text itself. */
function platformOfLabel(text: Text): Text {
  const name = lengthOf(text) == 1 ? nameOfPlatform(<u32>load<u8>(startOf(text)) - 0x30) : 0;
  return name == 0 ? text : name;
}

/** Whether a short text has the word in it. */
export function contains(text: Text, part: Word): bool {
  return position(text, part) != 0;
}

/** Where the word first stands in a text; 0 when it does not. */
export function position(text: Text, part: Word): usize {
  const wanted = word(part);
  const length = lengthOf(wanted);
  for (let at = startOf(text); at + length <= endOf(text); at++) {
    let i: usize = 0;
    while (i < length && load<u8>(at + i) == load<u8>(startOf(wanted) + i)) i++;
    if (i == length) return at;
  }
  return 0;
}
