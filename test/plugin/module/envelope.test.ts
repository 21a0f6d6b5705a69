/** What the records of a blob have in common. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Envelope, envelopeTexts } from '../../../plugin/module/envelope.ts';
import { MAPPING_SWITCHES } from '../../../plugin/types.ts';
import { readJson } from '../../support/json.ts';
import { ENVELOPE, entriesOf, joined, linesOf, splitBatches, testModule } from '../../support/splitting.ts';

const module = await testModule();

/** The texts as objects. */
function membersOf(envelope: Partial<Envelope>): { event: object; record: object; idSuffix: string } {
  const { event, record, idSuffix } = envelopeTexts({ namespace: 'default', tags: [], ...envelope });
  const read = (text: Buffer): object => JSON.parse(`{${text.toString()}}`) as object;
  return { event: read(event), record: read(record), idSuffix: idSuffix.toString() };
}

describe('the texts of an envelope', () => {
  test('say when the blob was fetched, whose it is, where it goes and what tags it has', () => {
    assert.deepEqual(membersOf(ENVELOPE), {
      event: { created: '2026-09-01T08:21:07.118Z' },
      record: {
        organization: { id: '7d3c1f52-8e64-4b0a-9c1d-2f6a5b8e9d01', name: 'Brackwater Mills' },
        data_stream: { type: 'logs', dataset: 'o365.audit', namespace: 'default' },
        tags: ['forwarded'],
      },
      idSuffix: '',
    });
  });

  test('leave out what is not known', () => {
    assert.deepEqual(membersOf({}), { event: {}, record: { data_stream: { type: 'logs', dataset: 'o365.audit', namespace: 'default' } }, idSuffix: '' });
    assert.deepEqual(Object.keys(membersOf({ organizationId: 'x' }).record), ['organization', 'data_stream']);
  });

  test('mark the ids of the feed of data loss prevention, and of no other', () => {
    assert.equal(membersOf({ contentType: 'DLP.All' }).idSuffix, ':dlp');
    for (const contentType of ['Audit.AzureActiveDirectory', 'Audit.Exchange', 'Audit.SharePoint', 'Audit.General'] as const) assert.equal(membersOf({ contentType }).idSuffix, '');
  });

  test('take own fields of any shape, and settings of the mapping when there are any', () => {
    const fields = { labels: { team: 'Süd "1"' }, list: [1, null, { a: true }] };
    assert.deepEqual(membersOf({ fields, mappingSwitches: ['user_roles'], dlpDetections: 'hash' }).record, {
      data_stream: { type: 'logs', dataset: 'o365.audit', namespace: 'default' }, ...fields, o365audit_options: { user_roles: true, dlp_detections: 'hash' },
    });
    assert.deepEqual(membersOf({ fields: {}, mappingSwitches: [], dlpDetections: 'keep' }), membersOf({}));
  });
});

describe('a record', () => {
  const envelopes: Readonly<Record<string, Envelope>> = {
    'of which nothing is known': { namespace: 'default', tags: [] },
    'with all that there is': { ...ENVELOPE, fields: { labels: { team: 'soc' } }, mappingSwitches: ['user_roles', 'alerts_of_peers'] },
    'with a name and tags in any script': { organizationId: 'x', organizationName: 'Brackwater "Mühlen" 🚢 \\ \u0007', tags: ['ü', '"', ''], namespace: 'nördlich' },
  };
  for (const [title, envelope] of Object.entries(envelopes)) {
    test(`${title} is whole in every form`, () => {
      const { event, record } = membersOf(envelope);
      const expected = { o365audit: { Id: '5b0e' }, event: { id: '5b0e', ...event }, ...record };
      const [line = ''] = linesOf(joined(splitBatches(module, ['[{"Id":"5b0e"}]'], { envelope })));
      assert.deepEqual(JSON.parse(line), expected);
      assert.deepEqual(readJson(line).duplicates, []);
      assert.deepEqual(entriesOf(joined(splitBatches(module, ['[{"Id":"5b0e"}]'], { envelope, encoding: 'msgpack' })))[0]?.record, expected);
    });
  }

  test('steers the mapping by its settings, which do not reach the document', () => {
    const event = '[{"Id":"5b0e","CreationTime":"2026-09-01T08:15:30","UserId":"ada.quill@brackwater.example","UserType":2}]';
    const documentOf = (envelope: Partial<Envelope>) => JSON.parse(linesOf(joined(splitBatches(module, [event], { format: 'ecs', envelope: { ...ENVELOPE, ...envelope } })))[0] ?? '') as { user: { roles?: string[] } };
    assert.deepEqual(documentOf({ mappingSwitches: ['user_roles'] }).user.roles, ['Admin']);
    assert.equal(documentOf({}).user.roles, undefined);
    assert.ok(!JSON.stringify(documentOf({ mappingSwitches: ['user_roles'] })).includes('o365audit_options'));
  });

  test('has every switch of the mapping under the name that the module knows', () => {
    const names = MAPPING_SWITCHES.map((name) => name === 'alerts_of_peers' ? 'alerts' : name);
    const known = readFileSync(join(import.meta.dirname, '../../../../mapping/tables/words.tsv'), 'utf8').split('\n').filter((row) => row.startsWith('option\t')).map((row) => row.split('\t')[1]);
    assert.deepEqual([...names, 'dlp_detections'].sort(), known.sort());
  });

  test('of the collector maps to a document with the tenant\'s name, the time of fetching and the own fields', () => {
    const [line = ''] = linesOf(joined(splitBatches(module, ['[{"Id":"5b0e","CreationTime":"2026-09-01T08:15:30"}]'], { format: 'ecs', envelope: { ...ENVELOPE, tags: ['forwarded', 'm365'], fields: { labels: { team: 'soc' } } } })));
    const document = JSON.parse(line) as { organization: object; event: { created: string }; labels: object; tags: string[]; host: object };
    assert.deepEqual([document.organization, document.event.created, document.labels, document.tags, document.host], [
      { id: '7d3c1f52-8e64-4b0a-9c1d-2f6a5b8e9d01', name: 'Brackwater Mills' }, '2026-09-01T08:21:07.118Z', { team: 'soc' }, ['forwarded', 'm365'], { id: '7d3c1f52-8e64-4b0a-9c1d-2f6a5b8e9d01', name: 'Brackwater Mills' },
    ]);
  });
});
