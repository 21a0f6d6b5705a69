import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openLedger } from '../../../plugin/ledger/ledger.ts';
import { exportLines, importCursors, importTenant, readFilebeatRegistry } from '../../../plugin/ledger/moving.ts';
import { surveyTenant } from '../../../plugin/ledger/survey.ts';
import { silentLog } from '../../../plugin/telemetry/log.ts';
import { FIRST_BLOB_MS, testBlob } from '../../support/blobs.ts';
import { codeOf, failureOf } from '../../support/failures.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-moving-'));
after(() => rmSync(folder, { recursive: true }));
const clock = createManualClock(FIRST_BLOB_MS + 3_600_000);
const TENANT = '7d1c0f5e-2f0a-4a57-9d0a-3a1b5d7e9c11';

/** The text of an export of a tenant with something of everything. */
/** An exported tenant, of a machine whose clock is so far ahead by then; `damage` is at the end of its journal. */
async function exported(aheadMs = 0, damage = ''): Promise<string> {
  const directory = mkdtempSync(join(folder, 'old-'));
  const ledger = await openLedger({ directory }, clock, silentLog);
  const tenant = await ledger.tenant(TENANT);
  tenant.owe([testBlob(1), testBlob(2), testBlob(3)]);
  await tenant.commit(testBlob(1));
  await tenant.lose(testBlob(2), 'it expired');
  tenant.listed('Audit.General', FIRST_BLOB_MS);
  tenant.started('Audit.General', FIRST_BLOB_MS - 5);
  tenant.loseWindow('DLP.All', { startMs: 1_000, endMs: 2_000 }, 'too late');
  await ledger.close();
  appendFileSync(join(directory, 'ledger', `${TENANT}.journal`), damage);
  const nowMs = clock.nowMs() + aheadMs;
  return [...exportLines(await surveyTenant(directory, TENANT, nowMs), { name: 'Contoso' }, nowMs)].join('');
}

describe('a tenant that moves', () => {
  test('finds everything again in its new place: what is owed, done, lost, listed and started, and its counters, whatever the clock says', async () => {
    const file = join(folder, 'moved');
    writeFileSync(file, await exported(30 * 86_400_000));
    const directory = join(folder, 'new');
    assert.deepEqual(await importTenant(directory, file, clock, silentLog), { tenantId: TENANT, standing: { name: 'Contoso' } });
    const ledger = await openLedger({ directory }, clock, silentLog);
    const tenant = await ledger.tenant(TENANT);
    assert.deepEqual(tenant.owed().map(({ contentId }) => contentId), [testBlob(3).contentId]);
    assert.deepEqual([tenant.counts.committed, tenant.counts.lost, tenant.losses().length, tenant.lostWindows().length], [1, 1, 1, 1]);
    assert.deepEqual([tenant.listedUntilMs('Audit.General'), tenant.startedAtMs('Audit.General')], [FIRST_BLOB_MS, FIRST_BLOB_MS - 5]);
    assert.deepEqual(tenant.owe([testBlob(1), testBlob(2), testBlob(3)]), [], 'nothing of it is new');
    await ledger.close();
    assert.equal(await codeOf(importTenant(directory, file, clock, silentLog)), 'STATE_TENANT_KNOWN');
  });

  test('of whose journal a line is damaged is listed again in its new place, for the line may have been of a blob that is owed', async () => {
    for (const damage of ['', 'garbage\n']) {
      const [file, directory] = [join(folder, `damaged-${damage.length}`), mkdtempSync(join(folder, 'damaged-'))];
      writeFileSync(file, await exported(0, damage));
      await importTenant(directory, file, clock, silentLog);
      const { state } = await surveyTenant(directory, TENANT, clock.nowMs());
      assert.deepEqual([[...state.listedUntilMs], state.owed.size, state.done.size], [damage === '' ? [['Audit.General', FIRST_BLOB_MS]] : [], 1, 2]);
    }
  });

  test('does not move by half: an export that is cut at any line, or damaged anywhere, is refused, and nothing is made of it', async () => {
    const text = await exported();
    const file = join(folder, 'broken');
    const directory = join(folder, 'none');
    const ends = [...text.matchAll(/\n/g)].map(({ index }) => index);
    for (const broken of ['', 'x', ...ends.slice(0, -1).map((end) => text.slice(0, end + 1)), ...[20, 300, text.length - 20].map((at) => `${text.slice(0, at)}#${text.slice(at + 1)}`)]) {
      writeFileSync(file, broken);
      assert.equal(await codeOf(importTenant(directory, file, clock, silentLog)), 'STATE_FILE', `${broken.length} bytes`);
    }
    assert.equal(await codeOf(importTenant(directory, join(folder, 'not-there'), clock, silentLog)), 'STATE_FILE');
    assert.equal((await surveyTenant(directory, TENANT, clock.nowMs())).tenantId, '');
  });

  test('does not move into a directory that a collector holds', async () => {
    const file = join(folder, 'held');
    writeFileSync(file, await exported());
    const directory = join(folder, 'busy');
    const ledger = await openLedger({ directory }, clock, silentLog);
    assert.equal(await codeOf(importTenant(directory, file, clock, silentLog)), 'LEDGER_LOCKED');
    await ledger.close();
  });
});

/** A time in UTC as Filebeat keeps it. */
function kept(ms: number): [number, number] {
  return [0xffff * 2 ** 32 + (ms % 1000) * 1e6, Math.floor(ms / 1000)];
}

/** A registry as Filebeat writes it: a snapshot, and changes since. */
function registry(name: string, rows: readonly (readonly [key: string, ms: number])[], changes: readonly (readonly [op: 'set' | 'remove', key: string, ms?: number])[] = []): string {
  const home = join(folder, name);
  const place = join(home, 'data/registry/filebeat');
  mkdirSync(place, { recursive: true });
  const value = (ms: number): object => ({ ttl: 1_800_000_000_000, updated: kept(ms), cursor: { timestamp: kept(ms), line: 3, start_time: kept(ms - 60_000) } });
  writeFileSync(join(place, 'meta.json'), '{"version":"1"}');
  writeFileSync(join(place, '7.json'), `[${rows.map(([key, ms]) => JSON.stringify({ _key: key, ...value(ms) })).join(',\n')}\n]`);
  writeFileSync(join(place, 'log.json'), changes.map(([op, k, ms], index) => `${JSON.stringify({ op, id: 7 + index })}\n${JSON.stringify(ms === undefined ? { k } : { k, v: value(ms) })}\n`).join(''));
  return home;
}

describe('a registry of Filebeat', () => {
  const general = `o365audit::${TENANT.toUpperCase()}::Audit.General`;

  test('says up to when each type of each tenant was delivered, by its snapshot and what changed since', async () => {
    const home = registry('home', [
      [general, FIRST_BLOB_MS], [`o365audit::my-input::${TENANT}::DLP.All`, FIRST_BLOB_MS + 1_500], [`o365audit::${TENANT}::Audit.Exchange`, FIRST_BLOB_MS], [`o365audit::${TENANT}::Audit.SharePoint`, -62_135_596_800_000],
      ['filestream::x', 5], ['httpjson::o365audit::y', 5],
      // of id 7, which the snapshot holds, and later ones
    ], [['remove', general], ['set', general, FIRST_BLOB_MS + 9_000], ['remove', `o365audit::${TENANT}::Audit.Exchange`]]);
    const expected = [{ tenantId: TENANT, contentType: 'Audit.General', untilMs: FIRST_BLOB_MS + 9_000 }, { tenantId: TENANT, contentType: 'DLP.All', untilMs: FIRST_BLOB_MS + 1_500 }];
    for (const place of ['.', 'data', 'data/registry', 'data/registry/filebeat']) assert.deepEqual(await readFilebeatRegistry(join(home, place)), expected, place);
  });

  test('that was cut by a kill is read as far as it goes', async () => {
    const home = registry('cut', [[general, FIRST_BLOB_MS]], [['set', 'x', 1], ['set', general, FIRST_BLOB_MS + 1_000], ['set', general, FIRST_BLOB_MS + 2_000]]);
    const log = join(home, 'data/registry/filebeat/log.json');
    writeFileSync(log, readFileSync(log, 'utf8').slice(0, -30));
    assert.equal((await readFilebeatRegistry(home))[0]?.untilMs, FIRST_BLOB_MS + 1_000);
  });

  test('is not found where there is none, and of no use where nothing is of o365', async () => {
    assert.match((await failureOf(readFilebeatRegistry(join(folder, 'nowhere')))).message, /no meta\.json/);
    assert.match((await failureOf(readFilebeatRegistry(registry('others', [['filestream::x', 1]])))).message, /nothing in it is of the input o365audit/);
    const damaged = registry('damaged', [[general, 1]]);
    writeFileSync(join(damaged, 'data/registry/filebeat/7.json'), '[{');
    assert.equal(await codeOf(readFilebeatRegistry(damaged)), 'FILEBEAT_REGISTRY');
  });

  test('is gone on from, but never over what was collected here, and never from the future', async () => {
    const directory = join(folder, 'migrated');
    const before = await openLedger({ directory }, clock, silentLog);
    (await before.tenant(TENANT)).listed('DLP.All', 5);
    await before.close();
    const cursors = [{ tenantId: TENANT, contentType: 'Audit.General', untilMs: FIRST_BLOB_MS }, { tenantId: TENANT, contentType: 'DLP.All', untilMs: FIRST_BLOB_MS }, { tenantId: TENANT, contentType: 'Audit.Exchange', untilMs: clock.nowMs() + 86_400_000 }] as const;
    const noted = await importCursors(directory, cursors, clock, silentLog);
    assert.deepEqual(noted.map(({ contentType }) => contentType), ['Audit.General', 'Audit.Exchange']);
    const { state } = await surveyTenant(directory, TENANT, clock.nowMs());
    assert.deepEqual([...state.listedUntilMs].sort(), [['Audit.Exchange', clock.nowMs()], ['Audit.General', FIRST_BLOB_MS], ['DLP.All', 5]]);
  });
});
