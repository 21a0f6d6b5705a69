/** What an audit says of its findings; test/store/audit.test.ts has the findings of real audits. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditAsJson, auditPage, type AuditFindings, type StoreFindings } from '../../../plugin/commands/audit-report.ts';

const NOTHING: AuditFindings = { tenants: [], failed: [], done: [] };
const storeWith = (store: Partial<StoreFindings>): AuditFindings => ({ ...NOTHING, store: { name: 'es.example', lookedUp: 1_000, missing: [], expired: [], retentions: [], ...store } });

describe('the page of an audit', () => {
  test('tells what was set aside from what is stored, and says nothing where nothing was, or where nobody can look', () => {
    const page = auditPage(storeWith({ setAside: { count: 2_000, reasons: ['document_parsing_exception (1999)', 'timeout_exception (1)'] } }));
    assert.match(page, /^! 2,000 documents were set aside in failure stores: document_parsing_exception \(1999\), timeout_exception \(1\)\. /m);
    assert.match(auditPage(storeWith({ setAside: { count: 1, reasons: [] } })), /^! 1 document was set aside in failure stores\. /m);
    for (const setAside of [undefined, { count: 0, reasons: [] }]) assert.equal(auditPage(storeWith({ setAside })), '1,000 events were looked up in es.example.\n✓ Nothing is missing.\n');
  });

  test('counts one as one', () => {
    const one = { tenantId: 't', contentType: 'Audit.General', created: '2026-09-01T08:15:00.000Z', ids: new Set(['a']) } as const;
    assert.match(auditPage(storeWith({ lookedUp: 1, missing: [one] })), /^1 event was looked up in es\.example\.\n! 1 event is missing in the store\.\n$/);
  });

  test('says what is older than the store keeps, and why nothing is known of that, only where something is not there', () => {
    const one = { tenantId: 't', contentType: 'Audit.General', created: '2026-09-01T08:15:00.000Z', ids: new Set(['a']) } as const;
    const kept = { stream: 'logs-o365.audit-default', isThere: true, keepsMs: 259_200_000, oldestIndexMs: 0 };
    assert.equal(auditPage(storeWith({ expired: [one], retentions: [kept] })),
      '1,000 events were looked up in es.example.\n1 event is not there and not missing: logs-o365.audit-default keeps documents for 72h.\n✓ Nothing is missing.\n');
    const unread = { stream: 'logs-o365.audit-default', isThere: true, unread: 'GET /_data_stream/logs-o365.audit-default is not allowed' };
    assert.match(auditPage(storeWith({ missing: [one], retentions: [unread] })), /^! How long logs-o365\.audit-default keeps documents cannot be read \(GET .* is not allowed\): .*view_index_metadata.*\n! 1 event is missing in the store\.\n$/m);
    assert.match(auditPage(storeWith({ missing: [one], retentions: [{ stream: 'logs-o365.audit-loom', isThere: false }] })), /^! es\.example has no data stream logs-o365\.audit-loom, or does not show it\. Check --elasticsearch/m);
  });

  test('has for machines what was missing, what still is, and what was set aside', () => {
    const many = { tenantId: 't', contentType: 'Audit.General', created: '2026-09-01T08:15:00.000Z', ids: new Set(['a', 'b', 'c']) } as const;
    const { store, is_complete: isComplete } = JSON.parse(JSON.stringify(auditAsJson(storeWith({ missing: [many], stillMissing: 1, setAside: { count: 7, reasons: [] } })))) as { readonly store: object; readonly is_complete: boolean };
    assert.deepEqual([store, isComplete], [{ name: 'es.example', events_looked_up: 1_000, events_missing: 3, events_still_missing: 1, events_older_than_kept: 0, documents_set_aside: 7, retention: [] }, false]);
    assert.deepEqual(JSON.parse(JSON.stringify(auditAsJson(storeWith({})))) as object, { is_complete: true, is_repaired: false, done: [], failed: [], store: { name: 'es.example', events_looked_up: 1_000, events_missing: 0, events_older_than_kept: 0, retention: [] }, tenants: [] });
  });
});
