/**
 * Brings the raw event into the form in which it stands under o365.audit, in one pass over its text: empty things left out (R005), each path in its
 * one type (R006–R008, R019), the properties with rules of their own handed to them (R009–R018). On the way the typed properties are captured for
 * the rules. mapping/README.md has the table of types.
 */
import { captureContainer, captureString } from '../captured';
import { Context, FIRST_FLATTENED_CONTEXT, FLATTENED_CONTEXT, HASHED_CONTEXT, Kind, OPEN_CONTEXT, PROPERTY_ROWS, SPECIAL_FLAG } from '../generated/properties';
import {
  BROKEN, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, seen, skipSpace, stringEnd,
} from '../json/scan';
import { skipValue } from '../json/skip';
import { Text } from '../json/span';
import { begin, end } from '../json/write';
import { withholding } from '../mode';
import { lookup } from '../names';
import { isPairOfDetections, namesDetections, otherDetections } from './detections';
import { endsInObject, endsInRaw, keyEnd, keyStart, plain, readKey, takeApart, takeElement } from './keys';
import {
  DEPTH_LIMIT, Pass, context, depth, elementKind, forgetOpened, isArray, leaveFor, opened, pass, property, push,
} from './levels';
import { breakRun, closeEvent, keep, openEvent, pop } from './run';
import { noticeKey } from './seen-keys';
import { special } from './special';
import { typedScalar, typedString, writeAsText } from './values';

/** The text last normalised; no text when it is malformed. */
export let normalised: Text = 0;

/** Normalises the event whose brace lies at `at`, into `normalised`; answers the position behind it. */
export function normalise(at: usize): usize {
  begin();
  openEvent(at);
  forgetOpened();
  const inside = skipSpace(at + 1);
  if (inside != at + 1) breakRun();
  at = inside;
  const close = <u32>load<u8>(at) == CLOSE_BRACE ? at : readOn(at, 0);
  if (close != 0) closeEvent(close);
  const text = end();
  normalised = close == 0 ? 0 : text;
  return close + 1;
}

/**
 * Reads members and elements from `at` on until the level `floor` closes; answers the position behind it (of the event: of its closing brace), or 0
 * when the text is malformed.
 */
export function readOn(at: usize, floor: u32): usize {
  while (true) {
    at = isArray() ? element(at) : member(at);
    if (at == 0) return 0;
    // behind a value: a comma, or closing brackets
    while (!opened) {
      const next = <u32>load<u8>(at);
      if (next == COMMA) {
        at++;
        break;
      }
      if (next == <u32>(isArray() ? CLOSE_BRACKET : CLOSE_BRACE)) {
        if (depth == 0) return at;
        const last = depth == floor;
        at = pop(at);
        // an array may be opened once more, for elements of another shape
        if (last && !opened) return at;
        continue;
      }
      const behind = skipSpace(at);
      if (behind == at) return 0;
      breakRun();
      at = behind;
    }
    forgetOpened();
  }
  return 0;
}

/** Takes the member whose key lies at `at`; answers the position behind it, or at the first thing inside when it is opened; 0 when malformed. */
function member(at: usize): usize {
  if (<u32>load<u8>(at) != QUOTE) {
    at = skipSpace(at);
    if (<u32>load<u8>(at) != QUOTE) return 0;
    breakRun();
  }
  const from = at;
  at = readKey(at, depth + 1);
  const inContext = context();
  const number = inContext >= FLATTENED_CONTEXT ? <u32>0 : lookup(inContext, keyStart + 1, keyEnd - keyStart - 1);
  noticeKey(number);
  if (<u32>load<u8>(at) != COLON) {
    at = skipSpace(at);
    if (<u32>load<u8>(at) != COLON) return 0;
    takeApart();
  }
  at++;
  if (<u32>load<u8>(at) <= 0x20) {
    at = skipSpace(at);
    takeApart();
  }
  if (number == 0) return unlisted(at, from, inContext);
  const row = load<u32>(PROPERTY_ROWS + (<usize>number << 2));
  if ((row & (SPECIAL_FLAG << 8)) != 0) {
    const behind = special(number, at);
    if (behind != 0) return behind;
  }
  return value(at, from, row & 0xff, row >> 16, number);
}

/** Takes the value at `at` of a member that fields.yml does not list by its name. */
function unlisted(at: usize, from: usize, inContext: u32): usize {
  if (withholding && namesDetections(from)) {
    const behind = otherDetections(at, from, inContext >= FIRST_FLATTENED_CONTEXT);
    if (behind != 0) return behind;
  }
  if (inContext >= FIRST_FLATTENED_CONTEXT) return value(at, from, inContext == HASHED_CONTEXT ? Kind.hashed : Kind.any, inContext == HASHED_CONTEXT ? HASHED_CONTEXT : FLATTENED_CONTEXT, 0);
  if (endsInObject()) return value(at, from, Kind.flattened, FLATTENED_CONTEXT, 0);
  if (inContext == Context.ModifiedProperties && !endsInRaw()) return value(at, from, Kind.object, OPEN_CONTEXT, 0);
  return value(at, from, Kind.keyword, FLATTENED_CONTEXT, 0);
}

/** Takes the element at `at`, as `member` does. */
function element(at: usize): usize {
  if (<u32>load<u8>(at) <= 0x20) {
    at = skipSpace(at);
    breakRun();
  }
  takeElement();
  return value(at, at, elementKind(), context(), property());
}

/** Takes the value at `at` of the member or element that begins at `from`. */
function value(at: usize, from: usize, kind: u32, inContext: u32, number: u32): usize {
  const head = <u32>load<u8>(at);
  if (head == QUOTE) {
    forgetSeen();
    const finish = stringEnd(at + 1);
    if (finish == at + 1) breakRun();
    else if ((kind == Kind.keyword || kind == Kind.any) && (seen & BROKEN) == 0 && plain && pass() == Pass.fit && !(withholding && seen != 0)) {
      if (number != 0) captureString(number, at + 1, finish, seen);
      keep(from, finish + 1);
    } else {
      return typedString(at + 1, finish, from, kind, inContext, number, seen);
    }
    return finish + 1;
  }
  if (head == OPEN_BRACE || head == OPEN_BRACKET) return container(at, head, kind, inContext, number);
  return typedScalar(at, from, kind, number);
}

/** Opens the object or array at `at`, or passes over it. */
export function container(at: usize, head: u32, kind: u32, inContext: u32, number: u32): usize {
  const inside = skipSpace(at + 1);
  if (<u32>load<u8>(inside) == head + 2) {
    breakRun();
    return inside + 1;
  }
  if (depth + 1 >= DEPTH_LIMIT || (withholding && head == OPEN_BRACE && isPairOfDetections(at))) return writeAsText(at, kind);
  let suffix = Pass.fit;
  if (head == OPEN_BRACE) {
    const taken = isArray() ? pass() : Pass.fit;
    const misfit = kind < <u32>Kind.object;
    if (isArray() && taken != (misfit ? Pass.object : Pass.fit)) {
      if (taken == Pass.fit) leaveFor(Pass.object);
      breakRun();
      return skipValue(at);
    }
    if (misfit) {
      if (!isArray()) suffix = Pass.object;
      inContext = FLATTENED_CONTEXT;
    }
  }
  if (number != 0 && depth == 0) captureContainer(number, at);
  const apart = !plain || inside != at + 1 || suffix != Pass.fit;
  push(head == OPEN_BRACKET, kind, inContext, number, keyStart, keyEnd, suffix, at);
  if (apart) breakRun();
  return inside;
}
