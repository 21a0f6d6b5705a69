/** The properties of the event that have a shape of their own, whatever they come as (R009–R018). */
import { captureContainer, captureString, isCaptured, rawOfProperty } from '../captured';
import { Context, Kind, Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { BACKSLASH, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, hexUnit, seen, skipSpace, stringEnd } from '../json/scan';
import { memberOf, nextMember } from '../json/members';
import { skipKey, skipValue } from '../json/skip';
import { endOf, startOf } from '../json/span';
import { lookup } from '../names';
import { word } from '../words';
import { writeParameters } from './cmdlet-text';
import { openAlone, openData } from './embedded';
import { keyEnd, keyStart, takeKey } from './keys';
import { isFifty, platform } from './codes';
import { withholdsText } from './detection-name';
import { detections } from './detections';
import { keepLongLinks, keepOthers } from './leftovers';
import { Pass, forgetOpened, opening, push, resumeAt } from './levels';
import { MALFORMED, hadNames, pairs, writeNames } from './pairs';
import { isNothing } from './pair';
import { CLOSING_BRACE, CLOSING_BRACKET, breakRun, pop, writeMember } from './run';
import { noticeKey, setSuspect } from './seen-keys';
import { quoteString, writeValueAsText } from './values';

/** Takes the value at `at` of a special property; answers as `normalise` goes on, or 0 when the value is to be taken like any other. */
export function special(number: u32, at: usize): usize {
  const head = <u32>load<u8>(at);
  if (isNothing(at)) return 0;
  switch (number) {
    case Property.Parameters: return pairsOrText(at, head, number, Context.Parameters, false);
    case Property.ExtendedProperties: return pairsOrText(at, head, number, Context.ExtendedProperties, false);
    case Property.ModifiedProperties: return pairsOrText(at, head, number, Context.ModifiedProperties, true);
    case Property.Sender: return head == OPEN_BRACE ? renamed(at, Word.key_SenderEntity, Property.SenderEntity, Context.SenderEntity) : 0;
    case Property.Message: return head == OPEN_BRACE ? renamed(at, Word.key_MessageObject, Property.MessageObject, Context.MessageObject) : 0;
    case Property.Folders: return aggregated(at, head, Word.key_ExchangeAggregatedFolders, Property.ExchangeAggregatedFolders, Context.ExchangeAggregatedFolders);
    case Property.Messages: return aggregated(at, head, Word.key_ExchangeAggregatedMessages, Property.ExchangeAggregatedMessages, Context.ExchangeAggregatedMessages);
    case Property.Data: return head == OPEN_BRACE ? openData(at) : 0;
    case Property.AppAccessContext: return head == OPEN_BRACKET ? firstElement(at) : 0;
    case Property.ExceptionInfo: return head == QUOTE ? reason(at) : 0;
    case Property.AlertLinks: return links(at, head);
    case Property.ModifiedPropertyNames: return alone(at, head, number);
    // R016: one action alone becomes an array of one
    case Property.Actions: return head == OPEN_BRACE ? openAlone(at, Kind.flattened, Context.Actions, number) : 0;
    case Property.Platform: return platform(at, head);
    case Property.PolicyDetails_Rules_ConditionsMatched_SensitiveInformation_SensitiveInformationDetections_DetectedValues: return detections(at, head);
    default: return 0;
  }
}

/** R009, R010: an array of pairs becomes an object. R012: a string becomes `{_raw}`. */
function pairsOrText(at: usize, head: u32, number: u32, inContext: u32, modified: bool): usize {
  if (head == OPEN_BRACKET) {
    const behind = pairs(at, number, inContext, modified);
    if (behind != MALFORMED && modified && hadNames()) {
      takeWordAsKey(Word.key_ModifiedPropertyNames);
      noticeKey(Property.ModifiedPropertyNames);
      writeNames(at);
    }
    return behind;
  }
  if (head != QUOTE) return 0;
  forgetSeen();
  const finish = stringEnd(at + 1);
  const raw = word(Word.key__raw);
  captureString(lookup(inContext, startOf(raw) + 1, 4), at + 1, finish, seen);
  push(false, Kind.object, inContext, number, keyStart, keyEnd, Pass.fit, at);
  forgetOpened();
  breakRun();
  writeMember(startOf(raw), endOf(raw) - 1, Pass.fit);
  quoteString(at + 1, finish);
  // of a text that is not to be seen no piece is, either
  if (number == Property.Parameters && !withholdsText(at + 1, finish)) writeParameters(at + 1, finish);
  pop(CLOSING_BRACE);
  return finish + 1;
}

/** R014: an object under another name than the text that shares its property. */
function renamed(at: usize, key: Word, number: u32, inContext: u32): usize {
  takeWordAsKey(key);
  noticeKey(number);
  push(false, Kind.object, inContext, number, keyStart, keyEnd, Pass.fit, at);
  breakRun();
  return skipSpace(at + 1);
}

/** R014: the lists of aggregated mailbox events (50) have a name of their own. */
function aggregated(at: usize, head: u32, key: Word, number: u32, inContext: u32): usize {
  if (head != OPEN_BRACKET || !isAggregated()) return 0;
  const inside = skipSpace(at + 1);
  if (<u32>load<u8>(inside) == CLOSE_BRACKET) return 0;
  captureContainer(number, at);
  takeWordAsKey(key);
  noticeKey(number);
  push(true, Kind.object, inContext, number, keyStart, keyEnd, Pass.fit, at);
  breakRun();
  return inside;
}

/** Whether the event whose brace lies at `aggregatedEvent` is of record type 50: it is looked for once. */
let aggregatedEvent: usize = 0;
let aggregated50: bool = false;

export function forgetAggregated(): void {
  aggregatedEvent = 0;
}

/** Whether the event is of record type 50, which its text may say only later. */
function isAggregated(): bool {
  if (isCaptured(Property.RecordType)) return isFifty(valueAt(startOf(rawOfProperty(Property.RecordType))));
  if (aggregatedEvent != opening()) {
    aggregatedEvent = opening();
    aggregated50 = isAggregatedLater();
  }
  return aggregated50;
}

/** Where the value begins of which the text lies at `text`: a string's with its quote. */
function valueAt(text: usize): usize {
  return <u32>load<u8>(text - 1) == QUOTE ? text - 1 : text;
}

function isAggregatedLater(): bool {
  let member = skipSpace(opening() + 1);
  while (<u32>load<u8>(member) == QUOTE) {
    const finish = stringEnd(member + 1);
    const value = skipSpace(skipKey(member));
    if (lookup(0, member + 1, finish - member - 1) == Property.RecordType) return isFifty(value);
    const behind = skipValue(value);
    if (behind == 0) return false;
    member = skipSpace(skipSpace(behind) + 1);
  }
  return false;
}

/** R014: of an array of contexts the first; the others stay as texts at `_raw`. */
function firstElement(at: usize): usize {
  const first = skipSpace(at + 1);
  const behind = skipValue(at);
  if (behind == 0) return MALFORMED;
  if (<u32>load<u8>(first) != OPEN_BRACE || isNothing(first)) return 0;
  keepOthers(at);
  push(false, Kind.object, Context.AppAccessContext, Property.AppAccessContext, keyStart, keyEnd, Pass.fit, first);
  resumeAt(behind);
  breakRun();
  return skipSpace(first + 1);
}

/** R014: a text is the reason; R013: unless it is JSON. */
function reason(at: usize): usize {
  if (<u32>load<u8>(at, 1) == OPEN_BRACE || (<u32>load<u8>(at, 1) == BACKSLASH && <u32>load<u8>(at, 2) == 0x75 && <u32>hexUnit(at + 3) == OPEN_BRACE)) return 0;
  forgetSeen();
  const finish = stringEnd(at + 1);
  captureString(Property.ExceptionInfo_Reason, at + 1, finish, seen);
  push(false, Kind.object, Context.ExceptionInfo, Property.ExceptionInfo, keyStart, keyEnd, Pass.fit, at);
  forgetOpened();
  breakRun();
  const key = word(Word.key_Reason);
  writeMember(startOf(key), endOf(key) - 1, Pass.fit);
  quoteString(at + 1, finish);
  pop(CLOSING_BRACE);
  return finish + 1;
}

/** R017: the links alone, as an array of strings; one that has more than its address is kept at `_raw`, too. */
function links(at: usize, head: u32): usize {
  const behind = skipValue(at);
  if (behind == 0) return MALFORMED;
  keepLongLinks(at);
  captureContainer(Property.AlertLinks, at);
  push(true, Kind.keyword, 0, Property.AlertLinks, keyStart, keyEnd, Pass.fit, at);
  forgetOpened();
  breakRun();
  let element = head == OPEN_BRACKET ? skipSpace(at + 1) : at;
  while (true) {
    link(element);
    const comma = skipSpace(skipValue(element));
    if (head != OPEN_BRACKET || <u32>load<u8>(comma) != COMMA) break;
    element = skipSpace(comma + 1);
  }
  pop(CLOSING_BRACKET);
  breakRun();
  return behind;
}

/** A property that is always an array: one value alone becomes an array of one. */
function alone(at: usize, head: u32, number: u32): usize {
  if (head == OPEN_BRACKET || head == OPEN_BRACE) return 0;
  if (skipValue(at) == 0) return MALFORMED;
  push(true, Kind.keyword, 0, number, keyStart, keyEnd, Pass.fit, at);
  forgetOpened();
  breakRun();
  writeMember(0, 0, Pass.fit);
  writeValueAsText(at, number);
  pop(CLOSING_BRACKET);
  breakRun();
  return skipValue(at);
}

/** Writes one link: of an object its `AlertLinkHref`, or else its text. */
function link(element: usize): void {
  let value = element;
  if (<u32>load<u8>(element) == OPEN_BRACE) {
    const href = memberOf(element, Word.AlertLinkHref);
    if (href != 0 && nextMember()) setSuspect(); // it may be there twice
    if (href != 0) value = href;
  }
  if (isNothing(value)) return;
  writeMember(0, 0, Pass.fit);
  writeValueAsText(value, Property.AlertLinks);
}

function takeWordAsKey(key: Word): void {
  const text = word(key);
  takeKey(startOf(text), endOf(text) - 1, false);
}
