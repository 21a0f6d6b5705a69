import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { createOrderDesk, ORDER_INTERVAL_MS, type OrderTaker } from '../../../plugin/collect/order-desk.ts';
import type { LogLine, LogValues } from '../../../plugin/telemetry/log.ts';
import type { ContentBlob } from '../../../plugin/types.ts';
import { testBlob } from '../../support/blobs.ts';
import { createManualClock, settled } from '../../support/manual-clock.ts';

const mail = testBlob(1, { contentType: 'Audit.Exchange' });
const general = testBlob(2);
const dlp = testBlob(3, { contentType: 'DLP.All' });

/** A tenant that owes one of the blobs already. */
class Taker implements OrderTaker {
  readonly said: string[] = [];
  readonly tenantId: string;
  readonly contentTypes: OrderTaker['contentTypes'];

  constructor(tenantId: string, contentTypes: OrderTaker['contentTypes']) {
    this.tenantId = tenantId;
    this.contentTypes = contentTypes;
  }

  oweAgain(blobs: readonly ContentBlob[]): Promise<readonly ContentBlob[]> {
    return Promise.resolve(blobs.filter((blob) => blob !== general));
  }

  takeUp(blobs: readonly ContentBlob[]): void {
    this.said.push(`takes up ${blobs.map(({ contentType }) => contentType).join(' ')}`);
  }

  retryParked(ids: readonly string[]): number {
    this.said.push(`tries ${ids.join(' ')}`);
    return 1;
  }
}

describe('the order desk', () => {
  test('hands blobs to the tenant that collects their content type, and says which nobody does', async () => {
    const [one, other] = [new Taker('Contoso.com', ['Audit.General', 'Audit.Exchange']), new Taker('fabrikam.com', ['DLP.All'])];
    const lines: [LogLine, LogValues | undefined][] = [];
    const desk = createOrderDesk({
      takeOrders: (take) => take({ order: 'fetch', tenant: 'contoso.COM', blobs: [mail, general, dlp] }),
      takers: [one, other], clock: createManualClock(0), log: (line, values) => void lines.push([line, values]),
    });
    await desk.look();
    assert.deepEqual(one.said, ['takes up Audit.Exchange', `tries ${mail.contentId} ${general.contentId}`]);
    assert.deepEqual(other.said, []);
    assert.deepEqual(lines, [['order.taken', { order: 'fetch', tenant: 'contoso.COM', blobs: 2, notCollectedHere: 1 }]]);
  });

  test('looks every few seconds until it is over, and says once what keeps it from orders', async () => {
    const clock = createManualClock(0);
    const taker = new Taker('contoso.com', ['Audit.General']);
    const lines: LogLine[] = [];
    const over = new AbortController();
    let looks = 0;
    const desk = createOrderDesk({
      takeOrders: async (take) => {
        looks += 1;
        if (looks < 3) throw new Error('the disk is gone');
        await take({ order: 'retry', ids: [] });
      },
      takers: [taker], clock, log: (line) => void lines.push(line),
    });
    const following = desk.follow(over.signal);
    await clock.advance(2 * ORDER_INTERVAL_MS);
    await settled();
    over.abort();
    await following;
    assert.equal(looks, 3);
    assert.deepEqual([lines, taker.said], [['order.failed', 'order.taken'], ['tries ']]);
  });
});
