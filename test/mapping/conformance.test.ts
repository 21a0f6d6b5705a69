/**
 * Every document that the mapping makes has only fields of mapping/fields.yml, with values of their types, and words that the Elastic Common Schema allows: a
 * cluster with those types takes it.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readTable } from '../../mapping/generate/vocabulary.ts';
import { type NamedEvent, realEvents, simulatedEvents } from '../support/events.ts';
import { createFieldCheck } from '../support/fields.ts';
import { goldenCases } from '../support/golden.ts';
import { openModule } from '../support/module.ts';

const check = createFieldCheck();
const module = openModule();
const cases = goldenCases();
const goldenEvents = cases.map(({ name, input }) => ({ name, text: input }));
const real = realEvents();

function documentsOf(text: Uint8Array): object[] {
  return [module.map(text), module.mapRecord(text)].map((document) => JSON.parse(document) as object);
}

function assertConformance(events: readonly NamedEvent[]): void {
  assert.ok(events.length > 0);
  const violations = events.flatMap(({ name, text }) => documentsOf(text).flatMap(check).map((violation) => `${name}: ${violation}`));
  assert.equal(violations.length, 0, `\n${violations.slice(0, 40).join('\n')}`);
}

describe('the check says', () => {
  const good = { event: { kind: 'event', category: ['web'], type: ['info'] }, tags: ['forwarded'], o365: { audit: { Id: '7' } } };
  const wrong: Readonly<Record<string, readonly [document: object, complaint: RegExp]>> = {
    'that a field is in no list': [{ client: { colour: 'red' } }, /^client\.colour: .* is not in fields\.yml$/],
    'that a set of fields is in no list': [{ cheese: { name: 'x' } }, /^cheese: .* is not in fields\.yml$/],
    'that a field is for the cluster to fill': [{ user_agent: { name: 'x' } }, /^user_agent\.name: .* is for the cluster/],
    'that a number is a text': [{ client: { port: '80' } }, /^client\.port: "80" is no long$/],
    'that an integer has a fraction': [{ client: { port: 80.5 } }, /^client\.port: 80\.5 is no long$/],
    'that an integer is larger than a long': [{ file: { size: 1e19 } }, /^file\.size: .* is no long$/],
    'that a text is a number': [{ event: { code: 7 } }, /^event\.code: 7 is no keyword$/],
    'that a text is a boolean': [{ o365: { audit: { Sluice: true } } }, /^o365\.audit\.Sluice: true is no keyword$/],
    'that a boolean is a text': [{ o365: { audit: { ExternalAccess: 'true' } } }, /ExternalAccess: "true" is no boolean$/],
    'that a date has no zone': [{ event: { created: '2026-09-01T08:15:30.000' } }, /^event\.created: .* is no date$/],
    'that a date has too few digits': [{ event: { created: '2026-09-01T08:15:30Z' } }, /^event\.created: .* is no date$/],
    'that a day does not exist': [{ event: { created: '2026-02-30T08:15:30.000Z' } }, /^event\.created: .* is no date$/],
    'that an address is none': [{ client: { ip: '203.0.113.900' } }, /^client\.ip: .* is no ip$/],
    'that an address is not in its canonical form': [{ client: { ip: '2001:DB8::9' } }, /^client\.ip: .* is no ip$/],
    'that a text stands where an object belongs': [{ o365: { audit: { Item: 'x' } } }, /^o365\.audit\.Item: "x" is no object$/],
    'that a set of fields is a text': [{ client: 'x' }, /^client: "x" is no object$/],
    'that an object stands where a text belongs': [{ o365: { audit: { Sluice: { a: 'b' } } } }, /^o365\.audit\.Sluice: .* is no keyword$/],
    'that an object in an array stands where a text belongs': [{ o365: { audit: { Sluice: ['x', { a: 'b' }] } } }, /^o365\.audit\.Sluice: .* is no keyword$/],
    'that a text stands where flattened objects belong': [{ o365: { audit: { Members: 'x' } } }, /^o365\.audit\.Members: "x" is a scalar/],
    'that a text in an array stands where flattened objects belong': [{ o365: { audit: { Members: [{ UPN: 'a' }, 'x'] } } }, /^o365\.audit\.Members: "x" is a scalar/],
    'that a number is below a flattened object': [{ o365: { audit: { Sluice_object: { Width: 4 } } } }, /Sluice_object\.Width: 4 is no text$/],
    'that a listed integer below a flattened object is a text': [{ o365: { audit: { PolicyDetails: [{ Rules: [{ ConditionsMatched: { SensitiveInformation: [{ Count: '4' }] } }] }] } } },
      /SensitiveInformation\.Count: "4" is no long$/],
    'that a field is always an array': [{ tags: 'forwarded' }, /^tags: .* is no array$/],
    'that an array has one element': [{ email: { subject: ['x'] } }, /^email\.subject: .* is an array of one$/],
    'that an array has an element twice': [{ related: { user: ['x', 'x'] } }, /^related\.user: .* has a value twice$/],
    'that a text is empty': [{ event: { action: '' } }, /^event\.action: "" is empty$/],
    'that a value is null': [{ event: { action: null } }, /^event\.action: null is empty$/],
    'that an array is empty': [{ o365: { audit: { Sluice: [] } } }, /^o365\.audit\.Sluice: .* is empty$/],
    'that an object is empty': [{ o365: { audit: { Item: {} } } }, /^o365\.audit\.Item: .* is empty$/],
    'that a set of fields is empty': [{ client: {} }, /^client: .* is empty$/],
    'that a key has a dot': [{ o365: { audit: { 'Lock.Gate': 'x' } } }, /is a key that a cluster/],
    'that a key below a flattened object has a dot': [{ o365: { audit: { Members: { 'a.b': 'x' } } } }, /is a key that a cluster/],
    'that a key is empty': [{ o365: { audit: { '': 'x' } } }, /is a key that a cluster/],
    'that a key has a control character': [{ o365: { audit: { 'a\tb': 'x' } } }, /is a key that a cluster/],
    'that a value lies too deep': [{ o365: { audit: { Sluice: JSON.parse(`${'['.repeat(17)}"x"${']'.repeat(17)}`) as unknown } } }, /lies deeper than 16$/],
    'that a kind is none': [{ event: { kind: 'accident' } }, /^event\.kind: "accident" is no value of the schema$/],
    'that an outcome is none': [{ event: { outcome: 'maybe' } }, /^event\.outcome: "maybe" is no value of the schema$/],
    'that a system is none': [{ host: { os: { type: 'mac' } } }, /^host\.os\.type: "mac" is no value of the schema$/],
    'that a category is none': [{ event: { category: ['web', 'administration'], type: ['info'] } }, /^event\.category: "administration" is no value of the schema$/],
    'that a type is none': [{ event: { category: ['web'], type: ['info', 'authentication_success'] } }, /^event\.type: "authentication_success" is not expected in web$/],
    'that a type is not expected in the categories': [{ event: { category: ['web', 'email'], type: ['change'] } }, /^event\.type: "change" is not expected in web, email$/],
  };
  for (const [title, [document, complaint]] of Object.entries(wrong)) {
    test(title, () => {
      const violations = check(document);
      assert.equal(violations.length, 1, violations.join('\n'));
      assert.match(violations[0] ?? '', complaint);
    });
  }

  test('nothing of a document that is as it should be', () => {
    assert.deepEqual(check(good), []);
    assert.deepEqual(check({}), []);
    assert.deepEqual(cases.flatMap(({ name, expected }) => check(expected).map((violation) => `${name}: ${violation}`)), []);
  });
});

describe('every document has only listed fields with values of their types', () => {
  test('of the golden pairs', () => assertConformance(goldenEvents));

  test('of the simulator\'s events', () => assertConformance(simulatedEvents()));

  test('of each operation that the mapping knows, in each record type that has it, and of each cmdlet', () => {
    const operations = readTable('mapping/tables/operations.tsv').map(({ scope, operation }) => ({ RecordType: scope === '*' ? 6 : Number(scope), Operation: operation }));
    const verbs = readTable('mapping/tables/words.tsv').filter(({ context }) => context === 'cmdlet-verb').map(({ word = '' }) => word);
    const cmdlets = [1, 10, 18, 23, 57, 87].flatMap((RecordType) => verbs.map((verb) => ({ RecordType, Operation: `${verb}-Mailbox` })));
    assert.ok(verbs.length > 10);
    assertConformance([...operations, ...cmdlets].map((event) => ({ name: JSON.stringify(event), text: Buffer.from(JSON.stringify({ Id: 'x', CreationTime: '2026-09-01T08:15:30', ...event })) })));
  });

  test('of each record type', () => {
    assertConformance(readTable('mapping/tables/record-types.tsv').map(({ value }) => ({
      name: `record type ${value ?? ''}`,
      text: Buffer.from(JSON.stringify({ Id: 'x', CreationTime: '2026-09-01T08:15:30', RecordType: Number(value), Operation: 'Sluice', Severity: 'High', Category: 'MailFlow', Name: 'x', ObjectId: 'https://brackwater.example/a' })),
    })));
  });

  if (real.length > 0) test('of real events', () => assertConformance(real));
});

test('no path has values of two kinds, over all documents', () => {
  const kinds = new Map<string, Map<string, string>>();
  const visit = (value: unknown, path: string, name: string): void => {
    // below a flattened field a path has no type of its own
    const isFlattened = /_object$|\.(?:Members|PolicyDetails|Actions|SensitiveInfoTypeData|flattened)$/.test(path);
    if (Array.isArray(value)) for (const element of value) visit(element, path, name);
    else {
      const known = kinds.get(path) ?? new Map<string, string>();
      kinds.set(path, known.set(typeof value, name));
      if (typeof value === 'object' && value !== null && !isFlattened) for (const [key, member] of Object.entries(value)) visit(member, `${path}.${key}`, name);
    }
  };
  for (const { name, text } of [...goldenEvents, ...simulatedEvents(), ...real]) for (const document of documentsOf(text)) visit(document, '', name);
  assert.ok(kinds.size > 500);
  assert.deepEqual([...kinds].filter(([, known]) => known.size > 1), []);
});
