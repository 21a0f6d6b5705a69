import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { watchCredentials } from '../../../plugin/collect/expiry.ts';
import type { LogLine } from '../../../plugin/telemetry/log.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const DAY = 86_400_000;
const NOW_MS = Date.UTC(2026, 8, 1);
const certificate = { kind: 'certificate', certificate: '/etc/o365audit/app.pem' } as const;

function setUp(expiryOf: () => Promise<number>, source: Omit<Parameters<typeof watchCredentials>[0][number], 'tenants'> = { credential: certificate }) {
  const clock = createManualClock(NOW_MS);
  const lines: LogLine[] = [];
  const said: string[] = [];
  const known: number[] = [];
  const watch = watchCredentials([{ ...source, tenants: [{ id: 'contoso.com', name: 'Contoso' }, { id: 'fabrikam.com' }] }], {
    clock, expiryOf, log: (line) => lines.push(line),
    expires: ({ days_left: daysLeft }) => known.push(daysLeft),
    expiring: ({ tenant, expires, days_left: daysLeft }) => said.push(`${tenant} ${expires} ${daysLeft}`),
  });
  return { clock, lines, said, known, watch };
}

describe('a credential that expires', () => {
  test('is told of at the start and once a day, for each tenant, from thirty days before', async () => {
    const { clock, lines, said, known, watch } = setUp(() => Promise.resolve(NOW_MS + 31.5 * DAY));
    await clock.advance(0);
    assert.deepEqual(said, []);
    assert.deepEqual(known, [31, 31], 'for dashboards, at any time');
    await clock.advance(DAY);
    assert.deepEqual(said, ['Contoso 2026-10-02T12:00:00.000Z 30', 'fabrikam.com 2026-10-02T12:00:00.000Z 30']);
    await clock.advance(2 * DAY);
    assert.equal(said.length, 6);
    assert.deepEqual(lines, ['auth.expiring', 'auth.expiring', 'auth.expiring']);
    watch.end();
    await clock.advance(5 * DAY);
    assert.equal(said.length, 6);
    assert.equal(clock.waiting(), 0);
  });

  test('is read anew each day: a renewed one is no longer told of', async () => {
    let expiresMs = NOW_MS + 5 * DAY;
    const { clock, said, watch } = setUp(() => Promise.resolve(expiresMs));
    await clock.advance(0);
    assert.equal(said.length, 2);
    expiresMs = NOW_MS + 700 * DAY;
    await clock.advance(DAY);
    assert.equal(said.length, 2);
    watch.end();
  });

  test('that cannot be read is left to whoever signs in with it', async () => {
    const { clock, lines, said, watch } = setUp(() => Promise.reject(new Error('ENOENT')));
    await clock.advance(DAY);
    assert.deepEqual(lines, ['auth.expiry_unknown', 'auth.expiry_unknown']);
    assert.deepEqual(said, []);
    watch.end();
  });

  test('is known of a secret where the operator has said it, and then warned of likewise', async () => {
    const { clock, lines, said, known, watch } = setUp(() => assert.fail('nothing was to be read'), { credential: { kind: 'secret', secret: 's' }, credentialExpiresMs: NOW_MS + 30.5 * DAY });
    await clock.advance(0);
    assert.deepEqual([known, said.length, lines], [[30, 30], 2, ['auth.expiring']]);
    watch.end();
  });

  for (const source of [{ credential: { kind: 'secret', secret: 's' } } as const, {}]) {
    test(`is not looked for where there is ${'credential' in source ? 'a secret' : 'no credential'}`, async () => {
      const { clock, lines, watch } = setUp(() => assert.fail('nothing was to be read'), source);
      await clock.advance(DAY);
      assert.deepEqual(lines, []);
      watch.end();
    });
  }
});
