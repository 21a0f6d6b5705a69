/** Through what it was done: device, session, token, application, browser, process (R410–R415). */
import { containerOf, textOfProperty } from '../captured';
import { set, setDefault } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { elementBehind, firstElement, pick, picked0, picked1, pickedEnd, textAt } from '../json/members';
import { Text, endOf, find, lengthOf, same, textOf } from '../json/span';
import { Option, asked } from '../mode';
import { word } from '../words';
import { position } from './organization';

/** R410–R415 for every event. */
export function mapDevice(): void {
  set(Field.device_id, textOfProperty(Property.AppAccessContext_DeviceId));
  setDefault(Field.device_id, textOfProperty(Property.ExtendedProperties_additionalDetails_DeviceId));
  setDefault(Field.device_id, textOfProperty(Property.DeviceId));
  set(Field.session_id, textOfProperty(Property.AppAccessContext_AADSessionId));
  const properties = containerOf(Property.DeviceProperties);
  if (properties != 0) {
    setDefault(Field.device_id, valueNamed(properties, Word.Id));
    setDefault(Field.session_id, valueNamed(properties, Word.SessionId));
  }
  setDefault(Field.session_id, textOfProperty(Property.SessionId));
  set(Field.token_id, textOfProperty(Property.AppAccessContext_UniqueTokenId));
  setDefault(Field.token_id, textOfProperty(Property.UniqueTokenIdentifier));
  set(Field.application_name, textOfProperty(Property.ApplicationDisplayName));
  setDefault(Field.application_name, textOfProperty(Property.AppAccessContext_ClientAppName));
  setDefault(Field.application_name, textOfProperty(Property.ApplicationName));
  setDefault(Field.application_name, textOfProperty(Property.Common_ApplicationName));
  setDefault(Field.application_name, textOfProperty(Property.AppName));
  mapUserAgent();
  set(Field.process_name, textOfProperty(Property.ClientProcessName));
  setDefault(Field.process_name, textOfProperty(Property.Application));
  setDefault(Field.process_name, textOfProperty(Property.ProcessName));
  setDefault(Field.process_name, textOfProperty(Property.Common_ProcessName));
}

/** R414. */
function mapUserAgent(): void {
  set(Field.user_agent_original, textOfProperty(Property.UserAgent));
  set(Field.user_agent_original, textOfProperty(Property.ExtendedProperties_UserAgent));
  setDefault(Field.user_agent_original, textOfProperty(Property.ExtendedProperties_additionalDetails_User_Agent));
  if (!asked(Option.info_string_user_agent)) return;
  setDefault(Field.user_agent_original, agentIn(textOfProperty(Property.ClientInfoString)));
  setDefault(Field.user_agent_original, agentIn(textOfProperty(Property.ActorInfoString)));
}

/** The browser in `…;UserAgent=[…];…`; no text when it says that there is none. */
function agentIn(info: Text): Text {
  const at = position(info, Word.UserAgent__);
  if (at == 0) return 0;
  const start = at + lengthOf(word(Word.UserAgent__));
  const rest = textOf(start, endOf(info));
  const agent = textOf(start, find(rest, 0x5d));
  return same(agent, word(Word.NoUserAgent)) ? 0 : agent;
}

/** The Value beside a Name in an array of pairs. */
function valueNamed(pairs: usize, name: Word): Text {
  for (let pair = firstElement(pairs); pair != 0; pair = elementBehind(pairs, pickedEnd)) {
    pick(pair, Word.Name, Word.Value);
    if (same(textAt(picked0), word(name))) return textAt(picked1);
  }
  return 0;
}
