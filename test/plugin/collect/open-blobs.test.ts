import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBytesInFlight } from '../../../plugin/collect/bytes-in-flight.ts';
import { openBlobsLimit, requestWithin } from '../../../plugin/collect/open-blobs.ts';
import { NETWORK_DEFAULTS } from '../../../plugin/network/network.ts';
import type { HttpRequest, HttpResponse } from '../../../plugin/types.ts';
import { settled } from '../../support/manual-clock.ts';

const URL_OF_BLOB = new URL('https://manage.office.com/blob');
const PLACES = 2;

/** A service that answers at once, and counts how often it was asked. */
function service(fails = false): { readonly places: ReturnType<typeof createBytesInFlight>; readonly request: HttpRequest; readonly asked: () => number } {
  const places = createBytesInFlight(PLACES);
  let asked = 0;
  // eslint-disable-next-line @typescript-eslint/require-await -- bytes that are there already
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('first');
    yield Buffer.from('second');
  }
  const answer: HttpResponse = { status: 200, headers: { 'content-type': 'application/json' }, body: body(), text: () => Promise.resolve('text'), dump: () => Promise.resolve() };
  const request: HttpRequest = async () => {
    asked += 1;
    await Promise.resolve();
    if (fails) throw new Error('no answer');
    return { ...answer, body: body() };
  };
  return { places, request: requestWithin(places, request), asked: () => asked };
}

describe('open blobs', () => {
  test('are no more than there are places: the next is asked for when one is read to its end, left, thrown away or told', async () => {
    const { places, request, asked } = service();
    const answers: HttpResponse[] = [];
    for (let blob = 0; blob < 6; blob += 1) void request(URL_OF_BLOB).then((answer) => answers.push(answer));
    await settled();
    assert.deepEqual([asked(), answers.length], [2, 2]);
    assert.deepEqual([answers[0]?.status, answers[0]?.headers['content-type']], [200, 'application/json']);
    const pieces: string[] = [];
    for await (const piece of answers[0]?.body ?? []) {
      assert.equal(asked(), 2, 'while it is read');
      pieces.push(String(piece));
    }
    assert.deepEqual(pieces, ['first', 'second']);
    await settled();
    assert.equal(asked(), 3);
    for await (const piece of answers[1]?.body ?? []) if (String(piece) === 'first') break;
    await settled();
    assert.equal(asked(), 4);
    await answers[2]?.dump();
    await answers[2]?.dump();
    await settled();
    assert.equal(asked(), 5, 'an answer makes room once');
    assert.equal(await answers[3]?.text(), 'text');
    await settled();
    assert.equal(asked(), 6);
    assert.equal(places.held, PLACES);
  });

  test('that fail, or are given up before they are asked for, keep no place', async () => {
    const { places, request, asked } = service(true);
    for (let blob = 0; blob < 5; blob += 1) await assert.rejects(request(URL_OF_BLOB), /no answer/);
    assert.deepEqual([asked(), places.held], [5, 0]);
    await assert.rejects(request(URL_OF_BLOB, { signal: AbortSignal.abort(new Error('stopped')) }), /stopped/);
    assert.deepEqual([asked(), places.held], [5, 0]);
  });

  test('leave half of the connections to listings, and some even when a single tenant may have more', () => {
    assert.equal(openBlobsLimit(16), 128);
    assert.equal(openBlobsLimit(200), 200);
    assert.ok(openBlobsLimit(512) < NETWORK_DEFAULTS.connectionsPerOrigin);
  });
});
