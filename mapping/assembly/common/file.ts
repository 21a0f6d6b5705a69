/** Files and URLs that an event names (R520, R705, R706, R710). */
import { textOfProperty } from '../captured';
import { get, has, set, setDefault, setJson, setNumber } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { fitsLong, isNumber, writeCanonicalNumber } from '../json/number';
import { CLOSE_BRACKET, OPEN_BRACKET } from '../json/scan';
import { Text, endOf, find, findLast, lengthOf, startOf, textOf } from '../json/span';
import { lower } from '../json/text';
import { begin, end } from '../json/write';
import { fromDouble } from '../mode';
import { portOf } from './endpoint';

/** R520, R521: the file that was worked on in SharePoint or OneDrive. */
export function mapSharePointFile(): void {
  set(Field.url_original, textOfProperty(Property.ObjectId));
  set(Field.file_directory, textOfProperty(Property.SourceRelativeUrl));
  set(Field.file_name, textOfProperty(Property.SourceFileName));
  setExtension(textOfProperty(Property.SourceFileExtension));
}

/** R705: file properties of any event; they never override what its family said. */
export function mapFile(): void {
  if (!has(Field.file_extension)) setExtension(textOfProperty(Property.FileExtension));
  setDefault(Field.file_hash_sha1, textOfProperty(Property.Sha1));
  setDefault(Field.file_hash_sha256, textOfProperty(Property.Sha256));
  setDefault(Field.file_path, textOfProperty(Property.FilePath));
  setDefault(Field.file_path, textOfProperty(Property.TargetFilePath));
  setFileSize(textOfProperty(Property.FileSizeBytes));
  setFileSize(textOfProperty(Property.FileSize));
}

/** Sets file.size from a number in any form, unless it is set. */
export function setFileSize(text: Text): void {
  if (text == 0 || has(Field.file_size) || lengthOf(text) > 64 || !isNumber(text)) return;
  begin();
  writeCanonicalNumber(text, fromDouble);
  const size = end();
  if (fitsLong(size)) setJson(Field.file_size, size);
}

/** R706: an extension in lower case and without its dot. */
export function setExtension(text: Text): void {
  let start = startOf(text);
  while (start < endOf(text) && load<u8>(start) == 0x2e) start++;
  set(Field.file_extension, lower(textOf(start, endOf(text))));
}

/** R710: the parts of url.original, as they stand in it; SharePoint's URLs have blanks and letters beyond ASCII. */
export function mapUrl(): void {
  const url = get(Field.url_original);
  if (url != 0) split(url);
  setDefault(Field.url_domain, textOfProperty(Property.OriginatingDomain));
}

/** Whether the text begins with http:// or https://; the length of that, or 0. */
export function schemeLength(url: Text): usize {
  const colon = find(url, 0x3a);
  const length = colon - startOf(url);
  if ((length != 4 && length != 5) || endOf(url) - colon < 4 || load<u16>(colon, 1) != 0x2f2f) return 0;
  if ((load<u32>(startOf(url)) | 0x20202020) != 0x70747468) return 0;
  return length == 5 && (load<u8>(startOf(url), 4) | 0x20) != 0x73 ? 0 : length + 3;
}

function split(url: Text): void {
  const length = schemeLength(url);
  if (length == 0) return;
  const finish = endOf(url);
  set(Field.url_full, url);
  setDefault(Field.url_scheme, lower(textOf(startOf(url), startOf(url) + length - 3)));
  const start = startOf(url) + length;
  const hash = find(textOf(start, finish), 0x23);
  if (hash < finish) setDefault(Field.url_fragment, textOf(hash + 1, finish));
  const question = find(textOf(start, hash), 0x3f);
  if (question < hash) setDefault(Field.url_query, textOf(question + 1, hash));
  const slash = find(textOf(start, question), 0x2f);
  splitAuthority(textOf(start, slash));
  if (slash >= question) return;
  const path = textOf(slash, question);
  setDefault(Field.url_path, path);
  const name = textOf(findLast(path, 0x2f) + 1, question);
  const dot = findLast(name, 0x2e);
  if (dot != endOf(name)) setDefault(Field.url_extension, textOf(dot + 1, endOf(name)));
}

/** `user@host:port`. */
function splitAuthority(authority: Text): void {
  if (authority == 0) return;
  const finish = endOf(authority);
  const at = findLast(authority, 0x40);
  let host = authority;
  if (at != finish) {
    const user = textOf(startOf(authority), at);
    setDefault(Field.url_username, textOf(startOf(user), find(user, 0x3a)));
    host = textOf(at + 1, finish);
  }
  // a bracket that is open stands around no address
  if (host == 0 || (<u32>load<u8>(startOf(host)) == OPEN_BRACKET && find(host, CLOSE_BRACKET) == endOf(host))) return;
  const colon = findLast(host, 0x3a);
  const isPort = colon != finish && find(textOf(colon, finish), 0x5d) == finish;
  setDefault(Field.url_domain, lower(textOf(startOf(host), isPort ? colon : finish)));
  if (!isPort) return;
  const port = portOf(textOf(colon + 1, finish));
  if (port != 0 && !has(Field.url_port)) setNumber(Field.url_port, port);
}
