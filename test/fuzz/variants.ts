/** What any value of an event becomes, one after the other: every shape that a service, an export or an attacker could give it. */

/** Makes of the JSON at a place other JSON. */
export type Variant = (json: string) => string;

/** The text that a value is: a string's characters, anything else as it stands. */
function plain(json: string): string {
  if (!json.startsWith('"')) return json;
  try {
    return JSON.parse(json) as string;
  } catch {
    return json; // of a broken string its characters
  }
}

const text = JSON.stringify;
const escaped = (characters: string): string => `"${Array.from({ length: characters.length }, (_, at) => `\\u${characters.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
const constant = (json: string): Variant => () => json;

/** As of somebody who wants to stop what looks for the names of browsers in it: patterns of Elasticsearch and OpenSearch would need a quarter of an hour. */
export const SLOW_TEXT = text('iPad; CPU OS 1_1 '.repeat(500));

/** What data loss prevention has found, and an event's part that says so: no document shows it where that is not wanted. */
export const FOUND = 'FAKE-7777-0000';
const DETECTIONS = text({ DetectedValues: [{ Name: FOUND, Value: `pay to ${FOUND}` }] });
const ESCAPED_DETECTIONS = DETECTIONS.replace('Detected', String.raw`Det\u0065cted`);

/** The shapes by their names, which messages show. */
export const SHAPES: Readonly<Record<string, Variant>> = {
  'a string': (json) => text(plain(json)),
  'an empty string': constant('""'),
  'a blank': constant('" "'),
  'a number': constant('7'),
  'true': constant('true'),
  'false': constant('false'),
  'null': constant('null'),
  'an object': (json) => `{"Sluice":${json}}`,
  'an object with the names of a pair': (json) => `{"Name":"Sluice","Value":${json},"NewValue":${json},"OldValue":"x"}`,
  'an empty object': constant('{}'),
  'an array of one': (json) => `[${json}]`,
  'an array of strings': (json) => `[${text(plain(json))},"Sluice","Sluice"]`,
  'an empty array': constant('[]'),
  'an array of empty things': constant('[null,"",[],{},[[]],{"a":{}}]'),
  'an array of names and values': (json) => `[{"Name":"Sluice","Value":${text(plain(json))}},{"Name":"Lock Gate","Value":"x"},{"Name":"Sluice","Value":"y"}]`,
  'an array of changes': (json) => `[{"Name":"Sluice","NewValue":${text(plain(json))},"OldValue":""},{"Name":"Lock.Gate","OldValue":"x"},{"NewValue":"y"},"Barge"]`,
  'an array of mixed values': (json) => `[${json},7,true,null,"x",{"Sluice":${json}},[${json},{"a":1}]]`,
  'arrays within arrays': (json) => `[[[${json}],"x"],[{"a":[${json}]}]]`,
  'JSON in a string': text,
  'an object as JSON in a string': (json) => text(`{"Sluice":${json},"a":{"b":[1,"x"]}}`),
  'an array as JSON in a string': (json) => text(`[${json},{"Sluice":${json}}]`),
  'JSON in a string in a string': (json) => text(text(`{"Sluice":${json}}`)),
  'JSON in a string that ends early': (json) => text(`{"Sluice":[${json}`),
  'a string in the quotes of another': (json) => text(`"${plain(json)}"`),
  'a string of escapes': (json) => escaped(plain(json).slice(0, 100)),
  'every escape': constant(String.raw`"\" \\ \/ \b \f \n \r \t \u0000 \u001f \u007f \u00e9 \u2028 \ufeff \ufffe \uffff \ud83d\udea2"`),
  'a zero character': (json) => text(`${plain(json)}\0${plain(json)}`),
  'the first half of a surrogate pair': constant(String.raw`"Ship \ud83d"`),
  'the second half of a surrogate pair': constant(String.raw`"\udea2 ship"`),
  'the halves of a surrogate pair in the wrong order': constant(String.raw`"\udea2\ud83d\ud83d"`),
  'half a character in JSON in a string': constant(String.raw`"{\"Sluice\":\"Ship \ud83d\",\"a\":[\"\udea2\",1]}"`),
  'line breaks': (json) => text(`${plain(json)}\r\n`),
  'the text of a number': constant('"1156492.0"'),
  'an address': constant('"203.0.113.7:443"'),
  'an address of version 6': constant('"[2001:DB8::9]:443"'),
  'no address': constant('"203.0.113.900"'),
  'a date': constant('"2026-09-01T08:15:30.1234567Z"'),
  'an American date': constant('"9/1/2026 8:15:30 AM"'),
  'no date': constant('"2026-02-30T25:61:00"'),
  'a date beyond the calendar': constant('"9999-12-31T23:59:59.9999999-08:00"'),
  'detections': constant(DETECTIONS),
  'detections in a string': constant(JSON.stringify(DETECTIONS)),
  'detections in a string in a string': constant(JSON.stringify(JSON.stringify({ inner: DETECTIONS }))),
  'detections with an escape in their name': constant(ESCAPED_DETECTIONS),
  'detections with an escape in their name, in a string': constant(text(ESCAPED_DETECTIONS)),
  'detections with an escape in their name, in a string in a string': constant(text(text({ inner: ESCAPED_DETECTIONS }))),
  'a user': constant('"i:0#.f|membership|Ada.Quill@Brackwater.example"'),
  'a URL': constant('"https://ada:x@brackwater.example:8443/a b/ü.DOCX?x=1#y"'),
  'a text that is slow to search': constant(SLOW_TEXT),
  'half a URL': constant('"http://[::1"'),
  ...Object.fromEntries(['0', '-0', '1.0', '1e9', '-1', '0.25', '1.5E-3', '1156492.0', '2147483648', '4294967296', '9007199254740993', '9223372036854775807', '-9223372036854775808', '9223372036854775808', '18446744073709551615',
    '18446744073709551616', '12345678901234567890123456789', '3.6787265537E10', '1e21', '1e22', '1e40', '1e41', '1e400', '-1e400', '1e-7', '1e-400', '1E+2', '0.1234567890123456789', '5e-324', '1.7976931348623157e308',
    '1234567890123456789012345678901234567890123.5'].map((number) => [`the number ${number}`, constant(number)])),
};

/** What a key becomes, as a JSON string; `other` is a name that the mapping knows. */
export const KEYS: readonly ((json: string, other: string) => string)[] = [
  (_, other) => text(other),
  (_, other) => text(other),
  (json) => text(`${plain(json)}_raw`),
  (json) => text(`${plain(json)}_object`),
  (json) => text(`${plain(json)}.Sluice`),
  (json) => text(plain(json).toLowerCase()),
  (json) => escaped(plain(json).slice(0, 100)),
  (json) => text(` ${plain(json)}\t`),
  (json) => text(`${plain(json)}"\\\0\ud83d`),
  () => '""', () => '" "', () => '"\u3000 "', () => '"_raw"', () => '"Name"', () => '"Value"', () => '"."', () => '"Id"', () => '"o365audit"',
  (json) => text(plain(json).padEnd(400, 'k')),
];
