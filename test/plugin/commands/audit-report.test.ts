/** What an audit says of its findings; test/store/audit.test.ts has the findings of real audits. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditAsJson, auditPage, type AuditFindings, type StoreFindings } from '../../../plugin/commands/audit-report.ts';

const NOTHING: AuditFindings = { tenants: [], failed: [], done: [] };
const storeWith = (store: Partial<StoreFindings>): AuditFindings => ({ ...NOTHING, store: { name: 'es.example', lookedUp: 1_000, missing: [], ...store } });

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

  test('has for machines what was missing, what still is, and what was set aside', () => {
    const many = { tenantId: 't', contentType: 'Audit.General', created: '2026-09-01T08:15:00.000Z', ids: new Set(['a', 'b', 'c']) } as const;
    const { store, is_complete: isComplete } = JSON.parse(JSON.stringify(auditAsJson(storeWith({ missing: [many], stillMissing: 1, setAside: { count: 7, reasons: [] } })))) as { readonly store: object; readonly is_complete: boolean };
    assert.deepEqual([store, isComplete], [{ name: 'es.example', events_looked_up: 1_000, events_missing: 3, events_still_missing: 1, documents_set_aside: 7 }, false]);
    assert.deepEqual(JSON.parse(JSON.stringify(auditAsJson(storeWith({})))) as object, { is_complete: true, is_repaired: false, done: [], failed: [], store: { name: 'es.example', events_looked_up: 1_000, events_missing: 0 }, tenants: [] });
  });
});
