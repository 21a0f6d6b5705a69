import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventFacts, patchEvent, reverseMembers } from '../../../plugin/simulator/event-text.ts';
import { NOON_MS } from './client.ts';

const PATCH = { id: 'new', creationMs: NOON_MS, organizationId: 'tenant' };

describe('an event\'s text', () => {
  for (const [what, text, expected] of [
    ['replaces the three values and keeps order and spelling', '{ "RecordType" : 1 ,"Id":"a", "CreationTime" :"2020-01-01T00:00:00","OrganizationId":"b"}', '{ "RecordType" : 1 ,"Id":"new", "CreationTime" :"2026-09-08T12:00:00","OrganizationId":"tenant"}'],
    ['keeps the zone that a time has', '{"CreationTime":"2020-01-01T00:00:00.123Z"}', '{"CreationTime":"2026-09-08T12:00:00Z"}'],
    ['leaves members of the same name deeper down', '{"A":{"Id":"x"},"B":[{"Id":"y"},"Id"],"Id":"a"}', '{"A":{"Id":"x"},"B":[{"Id":"y"},"Id"],"Id":"new"}'],
    ['leaves values that are no strings', '{"Id":5,"CreationTime":null,"OrganizationId":{"a":"b"}}', '{"Id":5,"CreationTime":null,"OrganizationId":{"a":"b"}}'],
    ['knows a name with escapes, and quotes and braces inside of strings', '{"\\u0049d":"a\\"}","X":"\\\\","Y":"{[","Id":"b"}', '{"\\u0049d":"new","X":"\\\\","Y":"{[","Id":"new"}'],
    ['keeps the digits of numbers', '{"N":36787265537123456789,"E":1e400,"F":-0.0,"Id":"a"}', '{"N":36787265537123456789,"E":1e400,"F":-0.0,"Id":"new"}'],
    ['leaves an empty event', '{}', '{}'],
    ['leaves an event of other members', ' {"a":true} ', ' {"a":true} '],
  ] as const) {
    test(what, () => assert.equal(patchEvent(text, PATCH), expected));
  }

  test('keeps bytes that are no UTF-8', () => {
    const bytes = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xc3, 0x22, 0x7d]);
    assert.deepEqual(Buffer.from(patchEvent(bytes.toString('latin1'), PATCH), 'latin1'), bytes);
  });

  test('can have its members in the reverse order, their texts as they are', () => {
    assert.equal(reverseMembers(' { "a" : 1e400, "b":{"c":1,"d":[2,"}"]} ,"\\u0061":"\\"" }'), '{"\\u0061":"\\"","b":{"c":1,"d":[2,"}"]},"a" : 1e400}');
    assert.equal(reverseMembers('{}'), '{}');
  });

  test('tells Id, record type and workload, whatever else is in it', () => {
    assert.deepEqual(eventFacts(Buffer.from('{"Id":"é","RecordType":"11","Workload":"Exchange"}').toString('latin1')), { id: 'é', recordType: 11, workload: 'Exchange' });
    assert.deepEqual(eventFacts('{"Id":5,"RecordType":null}'), { id: undefined, recordType: undefined, workload: undefined });
  });

  for (const text of ['', '[]', 'null', '"a"', '{"a":}', '{"a":1']) test(`is refused when it is ${JSON.stringify(text)}`, () => assert.throws(() => eventFacts(text), SyntaxError));
});
