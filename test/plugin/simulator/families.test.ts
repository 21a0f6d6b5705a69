/** The simulator's own events: every family, in the right feed, and nobody real in them. */
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import { makeCompany } from '../../../plugin/simulator/company.ts';
import { contentTypeOf } from '../../../plugin/simulator/content-type.ts';
import { ownEvents } from '../../../plugin/simulator/event-source.ts';
import { dealCards, FAMILIES } from '../../../plugin/simulator/families/families.ts';
import type { AuditEvent, Scene } from '../../../plugin/simulator/families/family.ts';
import { seededRandom } from '../../../plugin/simulator/random.ts';
import { CONTENT_TYPES, type ContentType } from '../../../plugin/types.ts';
import { NOON_MS } from './client.ts';

const company = makeCompany(1, 0);
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const KINDS = CONTENT_TYPES.flatMap((contentType) => FAMILIES[contentType].flatMap((family) => Object.keys(family.recordTypes).map((recordType) => ({ contentType, family, recordType: Number(recordType) }))));

function manyOf({ contentType, family, recordType }: (typeof KINDS)[number], count = 60): AuditEvent[] {
  const random = seededRandom(1, contentType, recordType);
  const scene: Scene = { company, random, timeMs: NOON_MS };
  return Array.from({ length: count }, () => family.make(scene, recordType));
}

/** The host names in URLs and mail addresses of a text. */
function hostsIn(text: string): string[] {
  return [...text.matchAll(/(?:https?:\/\/|[\w.#-]@)([a-z0-9-]+(?:\.[a-z0-9-]+)+)/gi)].map(([, host = '']) => host.toLowerCase());
}

describe('an event of the simulator\'s own', () => {
  for (const kind of KINDS) {
    test(`of record type ${kind.recordType} has what every record has, and belongs to ${kind.contentType}`, () => {
      const events = manyOf(kind);
      for (const event of events) {
        assert.match(String(event.Id), GUID);
        assert.deepEqual([event.RecordType, event.CreationTime, event.OrganizationId, event.Version], [kind.recordType, '2026-09-08T12:00:00', company.id, 1]);
        for (const name of ['Operation', 'Workload', 'UserId', 'UserKey']) assert.equal(typeof event[name], 'string', name);
        assert.equal(typeof event.UserType, 'number');
        assert.equal(contentTypeOf({ recordType: kind.recordType, workload: String(event.Workload) }), kind.contentType);
      }
      assert.ok(new Set(events.map((event) => JSON.stringify({ ...event, Id: '' }))).size > events.length / 2, 'they are all alike');
    });
  }

  test('exists for every family that Microsoft\'s schema and the mapping know well', () => {
    const recordTypes = new Set(KINDS.map(({ recordType }) => recordType));
    for (const recordType of [1, 2, 3, 4, 6, 8, 11, 13, 14, 15, 18, 20, 21, 22, 23, 24, 25, 28, 29, 30, 36, 40, 41, 43, 45, 47, 50, 51, 52, 57, 63, 64, 65, 66, 83, 261, 275, 294]) assert.ok(recordTypes.has(recordType), `record type ${recordType}`);
  });

  test('names no host, domain or address of anybody but Microsoft and the documentation', () => {
    const allowed = /(^|\.)(example|microsoft\.com|microsoftstream\.com|sharepoint\.com|dynamics\.com|live\.com|office\.com|office365\.us|outlook\.com|windows\.net|thread\.(v2|tacv2|skype))$/i;
    for (const kind of KINDS) {
      const text = JSON.stringify(manyOf(kind));
      assert.deepEqual(hostsIn(text).filter((host) => !allowed.test(host) && isIP(host) === 0), [], `record type ${kind.recordType}`);
      assert.ok(hostsIn(text).filter((host) => host.endsWith('sharepoint.com') || host.endsWith('dynamics.com')).every((host) => host.includes('-example')), 'a real tenant cannot have a hyphen');
    }
  });

  test('comes from documentation addresses or those of the public test databases, with ports and brackets', () => {
    const forms = new Set<string>();
    for (const kind of KINDS) {
      for (const { ClientIP: address } of manyOf(kind)) {
        if (typeof address !== 'string' || address === '' || address === '<null>') continue;
        const [, bracketed, plain = address] = /^(?:\[(.+)\]:\d+|([\d.]+):\d+)$/.exec(address) ?? [];
        const ip = (bracketed ?? plain).replace(/^ffff:/, '');
        assert.notEqual(isIP(ip), 0, address);
        assert.match(ip, /^(203\.0\.113\.|198\.51\.100\.|192\.0\.2\.|2001:db8:|81\.2\.69\.142|89\.160\.20\.112|175\.16\.199\.37|2\.125\.160\.216|216\.160\.83\.56|67\.43\.156\.9|10\.0\.0\.5|::1)/);
        forms.add(bracketed !== undefined ? 'bracketed' : plain === address ? `IPv${isIP(ip)}` : 'with port');
      }
    }
    assert.deepEqual([...forms].sort(), ['IPv4', 'IPv6', 'bracketed', 'with port']);
  });

  test('has JSON in the texts that hold JSON, with the same key twice in those of investigations', () => {
    for (const kind of KINDS.filter(({ recordType }) => [40, 64].includes(recordType))) {
      for (const { Data } of manyOf(kind)) assert.equal(typeof JSON.parse(String(Data)), 'object');
    }
    const investigation = KINDS.find(({ recordType }) => recordType === 64);
    assert.ok(investigation);
    for (const { Data } of manyOf(investigation)) assert.equal(String(Data).split('"QueryTime":').length, 3);
  });

  test('has about the size of real ones, over all feeds', () => {
    const source = ownEvents(1);
    let [bytes, count] = [0, 0];
    for (let blob = 0; blob < 130; blob++) {
      const contentType = source.nextFeed(company);
      assert.ok(contentType);
      for (const event of source.take(company, contentType, NOON_MS, 40)) {
        bytes += event.bytes.length;
        count++;
      }
    }
    assert.ok(bytes / count > 2000 && bytes / count < 2600, `mean ${bytes / count} bytes`);
  });

  test('happened before it became available, to the second', () => {
    for (const { bytes } of ownEvents(1).take(company, 'Audit.General', NOON_MS, 100)) {
      const { CreationTime } = JSON.parse(bytes.toString()) as { CreationTime: string };
      assert.match(CreationTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
      assert.ok(Date.parse(`${CreationTime}Z`) < NOON_MS);
    }
  });
});

describe('the deck of a feed', () => {
  test('deals each record type once before it deals by weight', () => {
    for (const contentType of CONTENT_TYPES) {
      const kinds = KINDS.filter((kind) => kind.contentType === contentType);
      const cards = dealCards(contentType, seededRandom(7));
      const first = kinds.map(() => cards.next().value.recordType);
      assert.deepEqual([...first].sort(), kinds.map(({ recordType }) => recordType).sort(), contentType);
    }
  });

  test('covers every record type in a thousand events', () => {
    const source = ownEvents(1);
    const seen = new Map<ContentType, Set<number>>(CONTENT_TYPES.map((contentType) => [contentType, new Set()]));
    for (let blob = 0; blob < 20; blob++) {
      const contentType = source.nextFeed(company);
      assert.ok(contentType);
      for (const { bytes } of source.take(company, contentType, NOON_MS, 50)) seen.get(contentType)?.add((JSON.parse(bytes.toString()) as { RecordType: number }).RecordType);
    }
    for (const { contentType, recordType } of KINDS) assert.ok(seen.get(contentType)?.has(recordType), `${contentType} ${recordType}`);
  });
});
