import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { leaveOrder, takeOrders, type Order } from '../../../plugin/ledger/orders.ts';
import { silentLog, type LogLine } from '../../../plugin/telemetry/log.ts';
import { testBlob } from '../../support/blobs.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-orders-'));
after(() => rmSync(folder, { recursive: true }));
let directory = folder;
beforeEach(() => { directory = mkdtempSync(join(folder, 'state-')); });

async function taken(): Promise<Order[]> {
  const orders: Order[] = [];
  await takeOrders(directory, (order) => {
    orders.push(order);
    return Promise.resolve();
  }, silentLog);
  return orders;
}

describe('orders', () => {
  test('are handed over once, in the order in which they were left', async () => {
    assert.deepEqual(await taken(), [], 'no order was ever left');
    const fetch: Order = { order: 'fetch', tenant: 'contoso.com', blobs: [testBlob(1), testBlob(2, { contentType: 'DLP.All' })] };
    const retry: Order = { order: 'retry', ids: ['one'] };
    await leaveOrder(directory, retry, 2_000);
    await leaveOrder(directory, fetch, 1_000);
    assert.deepEqual(await taken(), [fetch, retry]);
    assert.deepEqual(await taken(), []);
  });

  test('of many blobs become several files, and none is missing', async () => {
    const blobs = Array.from({ length: 2_500 }, (_, number) => testBlob(number));
    await leaveOrder(directory, { order: 'fetch', tenant: 'contoso.com', blobs }, 1_000);
    const orders = await taken();
    assert.equal(orders.length, 3);
    assert.deepEqual(orders.flatMap((order) => order.order === 'fetch' ? order.blobs.map(({ contentId }) => contentId) : []).sort(), blobs.map(({ contentId }) => contentId).sort());
  });

  test('stay when they cannot be carried out, and nobody else can read them', async () => {
    await leaveOrder(directory, { order: 'retry', ids: [] }, 1_000);
    await assert.rejects(takeOrders(directory, () => Promise.reject(new Error('not now')), silentLog), /not now/);
    const [name = ''] = readdirSync(join(directory, 'orders'));
    if (process.platform !== 'win32') assert.equal(statSync(join(directory, 'orders', name)).mode & 0o777, 0o600);
    assert.deepEqual(await taken(), [{ order: 'retry', ids: [] }]);
  });

  test('that cannot be read are put aside, and do not keep the others back', async () => {
    await leaveOrder(directory, { order: 'retry', ids: ['two'] }, 9_000);
    const odd = ['{"order":"ret', '{"order":"dance"}', '{"order":"fetch","tenant":"contoso.com","blobs":[{"contentId":"one"}]}'];
    odd.forEach((text, index) => writeFileSync(join(directory, 'orders', `00000000000000${index}-abc.json`), text));
    const lines: LogLine[] = [];
    const orders: Order[] = [];
    await takeOrders(directory, (order) => Promise.resolve(void orders.push(order)), (line) => lines.push(line));
    assert.deepEqual([orders, lines], [[{ order: 'retry', ids: ['two'] }], ['order.unreadable', 'order.unreadable', 'order.unreadable']]);
    assert.equal(readdirSync(join(directory, 'orders')).filter((name) => name.endsWith('.unreadable')).length, 3);
  });
});
