import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../../plugin/ledger/fact.ts';
import { readFact } from '../../../plugin/ledger/fact.ts';
import { decodeLine } from '../../../plugin/ledger/line.ts';
import { TenantState } from '../../../plugin/ledger/tenant-state.ts';

const NOW_MS = Date.UTC(2026, 8, 1);
const type = 'Audit.General';
const expires = '2026-09-08T00:00:00.000Z';

test('a state tells every blob that was given up from those that were delivered, also when there are more than it keeps the reasons of', () => {
  const state = new TenantState('contoso.com');
  const facts = Array.from({ length: 1_500 }, (_, number): Fact => ({ fact: 'lost', type, id: `lost-${number}`, expires, reason: 'it is not there', atMs: NOW_MS }));
  for (const fact of [...facts, { fact: 'committed', type, id: 'delivered', expires } as const]) state.take(fact, NOW_MS);
  const again = new TenantState('contoso.com');
  for (const line of state.lines(NOW_MS)) {
    const fact = readFact(decodeLine(Buffer.from(line.trimEnd())) ?? {});
    assert.ok(fact !== undefined, line);
    again.take(fact, NOW_MS);
  }
  for (const each of [state, again]) {
    assert.deepEqual([each.losses.length, each.lost, each.committed], [1_000, 1_500, 1]);
    assert.ok(facts.every((fact) => each.isLost(type, 'id' in fact ? fact.id : '')));
    assert.deepEqual([each.isDone(type, 'delivered'), each.isLost(type, 'delivered'), each.isLost(type, 'unknown')], [true, false, false]);
  }
  again.take({ fact: 'owed', type, id: 'lost-1400', uri: '', created: expires, expires, ordered: true }, NOW_MS);
  assert.deepEqual([again.losses.length, again.isLost(type, 'lost-1400'), again.isOwed(type, 'lost-1400')], [999, false, true]);
  again.take({ fact: 'committed', type, id: 'lost-1400', expires }, NOW_MS);
  assert.deepEqual([again.isLost(type, 'lost-1400'), again.isDone(type, 'lost-1400')], [false, true]);
});
