/**
 * Data loss prevention: SharePoint (11), Exchange (13), endpoints (63) and the like (33, 99, 100, 107, 285, 286).
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#dlp-schema
 */
import { containerOf, isCaptured, textOfProperty } from '../captured';
import { operation, severityOf } from '../common/event';
import { setExtension } from '../common/file';
import { isPrincipalName, setUser } from '../common/identity';
import { addCategory, addType, setAlert, setOwnAlert } from '../common/kind';
import { contains } from '../common/organization';
import { dateOf } from '../common/time';
import { append, firstItem, get, itemText, nextItem, set, setDefault, setNumber, unset } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Category, Type, Vocabulary, Word } from '../generated/vocabulary';
import { elementBehind, firstElement, memberOf, nextElement, pick, picked0, picked1, picked2, picked3, pickedEnd, textAt } from '../json/members';
import { Text, lengthOf, startOf } from '../json/span';
import { lower } from '../json/text';
import { begin, byte, copy, end } from '../json/write';
import { lookupText } from '../names';
import { Option, asked } from '../mode';
import { word } from '../words';

const UNDO: u32 = 1;
const INFO: u32 = 2;

let blocked: bool = false;
let highestSeverity: u32 = 0;

/** R540: a match in a document or a message. */
export function mapDlp(): void {
  setAlert();
  addCategory(Category.file);
  addType(Type.access);
  mapPolicies();
  mapBlock();
  mapDocument();
  mapMessage();
  mapSentence();
}

/** R540, of Exchange: the message is mail, too. */
export function mapDlpMail(): void {
  mapDlp();
  addCategory(Category.email);
}

/** R541: a match on a device, or found by classification. Without policies it says itself how it ended. */
export function mapDlpEndpoint(): void {
  setOwnAlert();
  addCategory(Category.file);
  mapPolicies();
  if (isCaptured(Property.PolicyDetails)) mapBlock();
  mapDocument();
  mapMessage();
  mapSentence();
  if (!isCaptured(Property.FileExtension)) setExtension(textOfProperty(Property.EndpointMetaData_FileExtension));
}

function mapDocument(): void {
  const from = textOfProperty(Property.SharePointMetaData_From);
  if (!isPrincipalName(get(Field.user_id))) setUser(from);
  set(Field.file_name, textOfProperty(Property.SharePointMetaData_FileName));
  set(Field.url_original, textOfProperty(Property.SharePointMetaData_FilePathUrl));
  set(Field.file_inode, textOfProperty(Property.SharePointMetaData_UniqueID));
  setDefault(Field.file_inode, textOfProperty(Property.SharePointMetaData_UniqueId));
  set(Field.file_owner, textOfProperty(Property.SharePointMetaData_FileOwner));
  set(Field.file_mtime, dateOf(textOfProperty(Property.SharePointMetaData_LastModifiedTime)));
  setDefault(Field.file_mtime, dateOf(textOfProperty(Property.SharePointMetaData_ItemLastModifiedTime)));
  set(Field.file_created, dateOf(textOfProperty(Property.SharePointMetaData_ItemCreationTime)));
}

/** R303: sender and recipients. */
function mapMessage(): void {
  set(Field.source_user_email, textOfProperty(Property.ExchangeMetaData_From));
  const message = containerOf(Property.ExchangeMetaData);
  appendRecipients(memberOf(message, Word.To));
  appendRecipients(memberOf(message, Word.CC));
  appendRecipients(memberOf(message, Word.BCC));
}

function appendRecipients(list: usize): void {
  for (let one = firstElement(list); one != 0; one = nextElement(list, one)) append(Field.destination_user_email, textAt(one));
}

/** R540, R808: the rules that matched, their highest severity, whether the access was blocked. */
function mapPolicies(): void {
  set(Field.rule_id, textOfProperty(Property.PolicyId));
  set(Field.rule_name, textOfProperty(Property.PolicyName));
  blocked = false;
  highestSeverity = 0;
  let listed = false;
  const policies = containerOf(Property.PolicyDetails);
  for (let policy = firstElement(policies); policy != 0;) {
    pick(policy, Word.Rules, Word.Rules);
    const end = pickedEnd;
    const rules = picked0;
    for (let rule = firstElement(rules); rule != 0; rule = elementBehind(rules, pickedEnd)) listed = mapRule(rule, listed) || listed;
    policy = elementBehind(policies, end);
  }
  if (highestSeverity != 0) setNumber(Field.event_severity, highestSeverity);
}

/** Takes one rule, up to `pickedEnd`; answers whether it is listed in rule.id and rule.name, where the first one replaces the policy. */
function mapRule(rule: usize, listed: bool): bool {
  pick(rule, Word.Severity, Word.Actions, Word.RuleId, Word.RuleName);
  const actions = picked1;
  highestSeverity = max(highestSeverity, severityOf(textAt(picked0)));
  for (let action = firstElement(actions); action != 0; action = nextElement(actions, action)) {
    // a text alone may list several
    if (contains(textAt(action), Word.BlockAccess)) blocked = true;
  }
  const id = textAt(picked2);
  const name = textAt(picked3);
  if (id == 0 || name == 0) return false;
  if (!listed) {
    unset(Field.rule_id);
    unset(Field.rule_name);
  }
  append(Field.rule_id, id);
  append(Field.rule_name, name);
  return true;
}

/** R540: the outcome is that of the block, whatever the status says. */
function mapBlock(): void {
  set(Field.event_outcome, word(isFailure() ? Word.failure : Word.success));
}

/** A block that was neither undone nor excepted; a blocked access of which somebody is only informed stays a failure. */
function isFailure(): bool {
  if (!blocked) return false;
  const kind = lookupText(Vocabulary.dlp_operation, lower(operation));
  if (kind == UNDO) return false;
  return kind == INFO || !hasException();
}

function hasException(): bool {
  return isCaptured(Property.ExceptionInfo_Reason) || containerOf(Property.ExceptionInfo) != 0;
}

/** R112: `<operation>: <rules> (<user>)`, on request. Rules and user must be known. */
function mapSentence(): void {
  if (asked(Option.dlp_message) && operation != 0) set(Field.message, sentence());
}

function sentence(): Text {
  const user = get(Field.user_id);
  begin();
  copy(startOf(operation), lengthOf(operation));
  byte(0x3a);
  byte(0x20);
  const one = get(Field.rule_name);
  let item = firstItem(Field.rule_name);
  if (item == 0) copy(startOf(one), lengthOf(one));
  for (let first = true; item != 0; item = nextItem(item)) {
    if (!first) {
      byte(0x2c);
      byte(0x20);
    }
    first = false;
    copy(startOf(itemText(item)), lengthOf(itemText(item)));
  }
  if (user != 0) {
    byte(0x20);
    byte(0x28);
    copy(startOf(user), lengthOf(user));
    byte(0x29);
  }
  return end();
}
