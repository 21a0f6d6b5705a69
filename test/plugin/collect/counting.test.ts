import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Carrier } from '../../../plugin/collect/carry.ts';
import { countTenant, type TenantCounts } from '../../../plugin/collect/counting.ts';
import type { Listing } from '../../../plugin/collect/tenant.ts';
import { failure } from '../../../plugin/errors.ts';
import type { ContentBlob } from '../../../plugin/types.ts';
import { FIRST_BLOB_MS, testBlob } from '../../support/blobs.ts';
import { roomsFor, takingOutput } from '../../support/held-output.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const signal = new AbortController().signal;
const unavailable = failure('API_UNAVAILABLE', { tenant: 'Contoso', what: 'listing', detail: '503' });

function setUp() {
  const said: string[] = [];
  const clock = createManualClock(FIRST_BLOB_MS + 3_600_000);
  const counts: TenantCounts = {
    add(type, name, count = 1) {
      if (count > 0) said.push(`${type} ${name} ${count}`);
    },
    listedUntil: (type, untilMs) => said.push(`${type} until ${untilMs}`),
    delivered: (type) => said.push(`${type} delivered`),
    lost: (type, name) => said.push(`${type} ${name}`),
    trouble: (type, trouble) => said.push(`${type ?? 'tenant'} ${trouble?.code ?? 'well'}`),
  };
  const known = new Set<string>();
  const listing = {
    owe: (blobs: readonly ContentBlob[]) => blobs.filter(({ contentId }) => !known.has(contentId) && known.add(contentId)),
    listed: () => undefined,
  } as unknown as Listing;
  const carrier: Carrier = {
    ...roomsFor(takingOutput()), leaveOut: () => Promise.resolve(), tenant: 'Contoso', nowMs: () => clock.nowMs(), isOver: (ms) => ms <= clock.nowMs(), clock, log: () => undefined, random: () => 0.5,
    open: () => Promise.resolve([Buffer.from('[1,'), Buffer.from('2]')] as unknown as AsyncIterable<Uint8Array>),
    splitter: () => assert.fail('nothing is split here'), commit: () => Promise.resolve(), lose: () => Promise.resolve(), isHopeless: () => false,
  };
  return { said, clock, counting: countTenant(listing, carrier, ['Audit.General', 'DLP.All'], counts) };
}

describe('counting around the ledger and the API', () => {
  test('tells blobs that are listed for the first time from those that are known', () => {
    const { said, counting } = setUp();
    counting.listing.owe([testBlob(1), testBlob(2)]);
    counting.listing.owe([testBlob(2), testBlob(3)]);
    counting.listing.owe([]);
    counting.listing.listed('Audit.General', 5);
    assert.deepEqual(said, ['Audit.General blobsListed 1', 'Audit.General blobsListed 1', 'Audit.General blobsListed 1', 'Audit.General blobsListedAgain 1', 'Audit.General until 5']);
  });

  test('counts the bytes that come in, and hands them on', async () => {
    const { said, counting } = setUp();
    const pieces = [];
    for await (const piece of await counting.carrier.open(testBlob(1), signal)) pieces.push(piece);
    assert.equal(Buffer.concat(pieces).toString(), '[1,2]');
    assert.deepEqual(said, ['Audit.General blobsFetched 1', 'Audit.General bytesFetched 3', 'Audit.General bytesFetched 2']);
  });

  test('tells blobs that expired from those that the service would not hand out', async () => {
    const { said, clock, counting } = setUp();
    await counting.carrier.lose(testBlob(1), 'AF50000');
    clock.jump(7 * 86_400_000);
    await counting.carrier.lose(testBlob(1), 'it expired');
    assert.deepEqual(said, ['Audit.General blobsUnavailable', 'Audit.General blobsExpired']);
  });

  test('counts what is owed by type, what is parked of it apart, and knows the oldest of each', () => {
    const { said, counting } = setUp();
    const blobs = [testBlob(3), testBlob(1), testBlob(2, { contentType: 'DLP.All' })];
    for (const blob of blobs) counting.parked(blob);
    assert.deepEqual(said, ['Audit.General blobsParked 1', 'Audit.General blobsParked 1', 'DLP.All blobsParked 1']);
    assert.deepEqual(Object.fromEntries(counting.owed(blobs, ({ contentId }) => contentId !== testBlob(3).contentId)), {
      'Audit.General': { blobs: 2, parked: 1, oldest: testBlob(1).contentCreated }, 'DLP.All': { blobs: 1, parked: 1, oldest: testBlob(2).contentCreated },
    });
  });

  test('says after a round which types are in trouble and which are well again, and nothing of types when the tenant is', () => {
    const { said, counting } = setUp();
    counting.round(new Map([['DLP.All', unavailable]]), undefined);
    counting.round(new Map(), unavailable);
    counting.round(new Map(), undefined);
    assert.deepEqual(said, ['tenant well', 'Audit.General well', 'DLP.All API_UNAVAILABLE', 'tenant API_UNAVAILABLE', 'tenant well', 'Audit.General well', 'DLP.All well']);
  });

  test('adds up what was delivered, left out, and lost with a window', () => {
    const { said, counting } = setUp();
    counting.events('DLP.All', { delivered: 10, leftOut: 1, duplicates: 2 });
    counting.lostWindow('DLP.All', { startMs: 0, endMs: 90_400 });
    assert.deepEqual(said, ['DLP.All eventsDelivered 10', 'DLP.All eventsLeftOut 1', 'DLP.All eventsDuplicate 2', 'DLP.All windowsLost', 'DLP.All secondsLost 90']);
  });
});
