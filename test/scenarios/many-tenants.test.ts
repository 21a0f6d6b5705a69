/**
 * One process serves many companies, and one of them hands out a blob of 140 MB, just when the log agent takes nothing for a while. What is fetched and not delivered is
 * bounded for all of them together, so that memory does not follow the blob (G). Whoever has much to hand out must not use that up: a part is kept for the others, whose new
 * events are fetched even now, and go ahead of nearly all of the blob when the log agent is well again (D6). In the end everything is there, once.
 *
 * They also share the connections to the service. When it stops in the middle of each blob, hundreds of half answers must not take them all: what is new goes on being listed.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TenantBooks } from '../../plugin/simulator/books.ts';
import { useOf } from '../bench/measured-process.ts';
import { simulatedEvents } from '../support/events.ts';
import { startForwardHost, type ReceivedEvent } from '../support/forward-host.ts';
import { runProgram, startProgram, STOP_DEADLINE_MS } from '../support/program.ts';
import { idsOf, withSimulation } from '../support/simulation.ts';

const TENANTS = 50;
const EVENTS_EACH = 10;
const LARGE_EVENTS = 14_000;
/** With its own members an event is of some 10 KB then. */
const BALLAST = 'x'.repeat(8_000);
const BYTES_IN_FLIGHT = 16 * 1024 ** 2;
/** What is in flight stands in memory as it came, in the module, as it is sent, and for a while as garbage. */
const COPIES = 4;
/** While everything flows, V8 lets so many bytes of buffers that nobody holds any more wait to be collected, whatever is in flight. */
const UNCOLLECTED_BYTES = 64 * 1024 ** 2;
/** Looks for new content while the log agent takes nothing: by then a collector without a bound has all of the blob. */
const ROUNDS = 3;

/** More blobs than there are connections. */
const STALLED_TENANTS = 20;
const STALLED_BLOBS = 16;
const OPEN_BLOBS = 128;

/** So many events, one a line, of a feed whose records keep their Ids as they are. */
function eventLines(count: number, ballast: string): string {
  const texts = simulatedEvents().filter(({ name }) => !name.startsWith('DLP')).map(({ text }) => `${text.toString('latin1').slice(0, -1)},"Ballast":"${ballast}"}`);
  return Array.from({ length: count }, (_, index) => texts[index % texts.length]).join('\n');
}

/** What is still to arrive of whom. */
class Arrivals {
  /** Events that nobody expects, or no more. */
  surplus = 0;
  readonly #owed = new Map<string, Set<string>>();

  expect(tenant: string, ids: readonly (string | null)[]): void {
    this.#owed.set(tenant, new Set(ids.map(String)));
  }

  /** How many are missing of these tenants. */
  missing(tenants: readonly string[]): number {
    return tenants.reduce((sum, tenant) => sum + (this.#owed.get(tenant)?.size ?? 0), 0);
  }

  note({ record }: ReceivedEvent): string {
    const { organization: { id: tenant }, event: { id } } = record as { organization: { id: string }; event: { id: string } };
    if (this.#owed.get(tenant)?.delete(id) !== true) this.surplus += 1;
    return tenant;
  }
}

describe('one of many tenants', () => {
  test('hands out a very large blob: memory is bounded by the bytes in flight, and nobody else waits for it', { skip: process.platform === 'linux' ? false : 'only Linux tells what memory a process had' },
    () => withSimulation({ tenants: TENANTS, eventCount: 0, gzip: true }, async ({ simulator, words }) => {
      const [large = '', ...others] = simulator.tenants.map(({ id }) => id);
      const arrivals = new Arrivals();
      const add = (tenant: string, ndjson: string): void => arrivals.expect(tenant, simulator.addEvents({ ndjson, tenant, contentType: 'Audit.General' }).ids);
      let largeLeft = 0;
      const host = await startForwardHost({ keepEvents: false, onEvent(event) {
        const isLarge = arrivals.note(event) === large;
        if (isLarge && arrivals.missing([large]) === LARGE_EVENTS - 1) host.misbehave('acknowledge-late');
        if (!isLarge && arrivals.missing(others) === 0) largeLeft = arrivals.missing([large]);
      } });
      try {
        const program = startProgram(['collect', ...words, '--output', host.url, '--bytes-in-flight', String(BYTES_IN_FLIGHT), '--ack-timeout', '10m', '-M', 'o365.audit.var.api.poll_interval=2s']);
        await program.said('Everything that there was has been delivered.', TENANTS);
        const peakBytes = (): number => useOf(program.child)?.peakRssBytes ?? Number.NaN;
        const bound = peakBytes() + COPIES * BYTES_IN_FLIGHT;
        add(large, eventLines(LARGE_EVENTS, BALLAST));
        await program.until(() => arrivals.missing([large]) < LARGE_EVENTS, 'the first events of the large blob');
        for (const tenant of others) add(tenant, eventLines(EVENTS_EACH, ''));
        const tenantBooks = (tenant: string): TenantBooks | undefined => simulator.books.snapshot().tenants[tenant];
        await program.until(() => others.every((tenant) => tenantBooks(tenant)?.contentTypes['Audit.General']?.blobsServed === 1), 'the new blobs of the others');
        const rounds = (): number => tenantBooks(large)?.byOperation.list ?? 0;
        const roundsBefore = rounds();
        await program.until(() => rounds() >= roundsBefore + ROUNDS, 'further rounds');
        const whileHeld = peakBytes();
        await host.behave();
        await program.until(() => arrivals.missing([large, ...others]) === 0, 'all events');
        const atLast = peakBytes();
        assert.ok(whileHeld < bound, `${whileHeld} bytes while nothing was taken, at most ${bound}`);
        assert.ok(atLast < bound + UNCOLLECTED_BYTES, `${atLast} bytes at last, at most ${bound + UNCOLLECTED_BYTES}`);
        assert.ok(largeLeft > LARGE_EVENTS / 2, `${largeLeft} events of the large blob were still to come when the others had all of theirs`);
        program.signal('SIGTERM');
        assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);
        assert.equal(arrivals.surplus, 0, 'nothing comes twice');
      } finally {
        await host.close();
      }
    }));

  test('is answered by halves like all the others: listings go on, and no more blobs are open than leave room for them', () =>
    withSimulation({ tenants: STALLED_TENANTS, eventCount: STALLED_TENANTS * STALLED_BLOBS, eventsPerBlob: 1 }, async (simulation) => {
      const { simulator: { books, faults, tenants }, words } = simulation;
      const rounds = (id: string): number => books.snapshot().tenants[id]?.byOperation.list ?? 0;
      faults.set('stalled-body');
      const program = startProgram(['collect', ...words, '-M', 'o365.audit.var.api.poll_interval=1s']);
      await program.until(() => faults.happened('stalled-body') >= OPEN_BLOBS, 'as many blobs as may be open');
      const before = new Map(tenants.map(({ id }) => [id, rounds(id)]));
      await program.until(() => tenants.every(({ id }) => rounds(id) >= (before.get(id) ?? 0) + ROUNDS), 'further rounds of all');
      assert.equal(faults.happened('stalled-body'), OPEN_BLOBS);
      program.signal('SIGTERM');
      assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);
      faults.clear();
      const next = await runProgram(['collect', ...words, '--once']);
      assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
      assert.deepEqual(idsOf([...program.lines(), ...next.lines()]).sort(), [...simulation.expectedIds()].sort());
    }));
});
