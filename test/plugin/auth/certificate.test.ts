import { strict as assert } from 'node:assert';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { readCertificates } from '../../../plugin/auth/certificate.ts';
import type { AuditError } from '../../../plugin/errors.ts';
import type { SecretSource } from '../../../plugin/types.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { failureOf } from '../../support/failures.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { makePfx } from '../../support/pfx.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-certificate-'));
after(() => rmSync(folder, { recursive: true }));
const nowMs = Date.UTC(2026, 8, 1);
const clock = createManualClock(nowMs);
const times = { fromMs: nowMs - 1000, untilMs: nowMs + 86_400_000 };
const good = makeCertificate(times);
const other = makeCertificate(times);
let files = 0;

function file(text: string | Buffer): string {
  files += 1;
  const path = join(folder, `${files}.pem`);
  writeFileSync(path, text);
  return path;
}

const refusalOf = (credential: { readonly certificate: string; readonly key?: string; readonly passphrase?: SecretSource }): Promise<AuditError> => failureOf(readCertificates({ kind: 'certificate', ...credential }, clock));

describe('a certificate', () => {
  const fingerprint = createHash('sha256').update(new X509Certificate(good.certificate).raw).digest('hex').toUpperCase();
  const pkcs1 = good.keyPem('pkcs1');
  const pkcs8 = good.keyPem('pkcs8');
  for (const [what, credential] of Object.entries({
    'with a PKCS#8 key in a file of its own': { certificate: file(good.certificate), key: file(pkcs8) },
    'with a PKCS#1 key in a file of its own': { certificate: file(good.certificate), key: file(pkcs1) },
    'with the key in the same file, before it': { certificate: file(pkcs1 + good.certificate) },
    'with the key in the same file, behind it': { certificate: file(good.certificate + pkcs8) },
    'with a PKCS#8 key under a passphrase': { certificate: file(good.certificate), key: file(good.keyPem('pkcs8', 'open')), passphrase: 'open' },
    'with a PKCS#1 key under a passphrase': { certificate: file(good.certificate), key: file(good.keyPem('pkcs1', 'open')), passphrase: 'open' },
    'as text in the configuration': { certificate: good.certificate, key: pkcs8 },
    'as text with Windows line ends': { certificate: (good.certificate + pkcs8).replaceAll('\n', '\r\n') },
    'at the end of a chain': { certificate: file(other.certificate + good.certificate), key: file(pkcs8) },
    'with a passphrase in a file of its own': { certificate: file(good.certificate), key: file(good.keyPem('pkcs8', 'open')), passphrase: { file: file('open\n') } },
    'in a PFX file': { certificate: file(makePfx(good, 'open')), passphrase: 'open' },
    'in a PFX file as Windows writes it': { certificate: file(makePfx(good, 'open', { algorithm: '3des' })), passphrase: 'open' },
    'in a PFX file with a chain': { certificate: file(makePfx(good, 'open', { others: [other.certificate] })), passphrase: 'open' },
    'in a PFX file without a passphrase': { certificate: file(makePfx(good, '')) },
    'with a passphrase that its plain key does not need': { certificate: good.certificate, key: pkcs8, passphrase: 'not needed' },
  })) {
    test(`${what} gives its thumbprint, a plain key and its end`, async () => {
      const [read] = await readCertificates({ kind: 'certificate', ...credential }, clock);
      assert.equal(read.thumbprintSha256, fingerprint);
      assert.equal(read.thumbprintSha1, createHash('sha1').update(new X509Certificate(good.certificate).raw).digest('hex').toUpperCase());
      assert.equal(read.privateKey, pkcs8);
      assert.ok(read.chain.startsWith(new X509Certificate(good.certificate).toString()));
      assert.equal(read.expiresAtMs, times.untilMs);
    });
  }

  test('that was renewed with the same key is the newest one', async () => {
    const older = makeCertificate({ fromMs: nowMs - 5000, untilMs: nowMs - 1000, key: good.key });
    for (const certificate of [older.certificate + good.certificate, good.certificate + older.certificate]) {
      const read = await readCertificates({ kind: 'certificate', certificate, key: pkcs8 }, clock);
      assert.deepEqual(read.map(({ expiresAtMs }) => expiresAtMs), [times.untilMs]);
    }
  });
});

describe('two certificates in one file, as during a rollover', () => {
  const next = makeCertificate({ ...times, untilMs: times.untilMs + 1000 });
  test('are both read, and the one that is valid longer comes first', async () => {
    const both = [good, next].map(({ certificate, keyPem }) => certificate + keyPem('pkcs8')).join('');
    const read = await readCertificates({ kind: 'certificate', certificate: file(both) }, clock);
    assert.deepEqual(read.map(({ privateKey, expiresAtMs }) => [privateKey, expiresAtMs]), [[next.keyPem('pkcs8'), times.untilMs + 1000], [good.keyPem('pkcs8'), times.untilMs]]);
    assert.deepEqual(read.map(({ chain }) => chain.match(/BEGIN/g)?.length), [1, 1], 'neither is an authority of the other');
  });

  test('are one when the other has expired, or is not valid yet', async () => {
    const gone = makeCertificate({ fromMs: nowMs - 2000, untilMs: nowMs - 1000 });
    const early = makeCertificate({ fromMs: nowMs + 1000, untilMs: times.untilMs + 5000 });
    for (const outside of [gone, early]) {
      const both = [outside, good].map(({ certificate, keyPem }) => certificate + keyPem('pkcs8')).join('');
      assert.deepEqual((await readCertificates({ kind: 'certificate', certificate: both }, clock)).map(({ expiresAtMs }) => expiresAtMs), [times.untilMs]);
    }
  });
});

describe('a certificate is refused before anything is sent', () => {
  const expired = makeCertificate({ fromMs: nowMs - 2000, untilMs: nowMs - 1000 });
  const early = makeCertificate({ fromMs: nowMs + 1000, untilMs: nowMs + 2000 });
  const weak = makeCertificate({ ...times, bits: 1024 });
  const elliptic = makeCertificate({ ...times, curve: 'P-256' });
  for (const [why, credential, code] of [
    ['when its file is not there', { certificate: join(folder, 'nowhere.pem') }, 'AUTH_CERTIFICATE_UNREADABLE'],
    ['when its file is a folder', { certificate: folder }, 'AUTH_CERTIFICATE_UNREADABLE'],
    ['when its file holds no certificate', { certificate: file('# none\n') }, 'AUTH_CERTIFICATE_UNREADABLE'],
    ['when it is garbage in a frame', { certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', key: good.keyPem('pkcs8') }, 'AUTH_CERTIFICATE_UNREADABLE'],
    ['when there is no key', { certificate: good.certificate }, 'AUTH_CERTIFICATE_UNREADABLE'],
    ['when the key is garbage in a frame', { certificate: good.certificate, key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' }, 'AUTH_CERTIFICATE_UNREADABLE'],
    ['when the key is encrypted and no passphrase is there', { certificate: good.certificate, key: good.keyPem('pkcs8', 'open') }, 'AUTH_KEY_PASSPHRASE'],
    ['when the passphrase is wrong', { certificate: good.certificate, key: good.keyPem('pkcs8', 'open'), passphrase: 'sesame' }, 'AUTH_KEY_PASSPHRASE'],
    ['when the passphrase of a PKCS#1 key is wrong', { certificate: good.certificate, key: good.keyPem('pkcs1', 'open'), passphrase: 'sesame' }, 'AUTH_KEY_PASSPHRASE'],
    ['when the passphrase of a PFX is wrong', { certificate: file(makePfx(good, 'open')), passphrase: 'sesame' }, 'AUTH_KEY_PASSPHRASE'],
    ['when the passphrase of a PFX is missing', { certificate: file(makePfx(good, 'open')) }, 'AUTH_KEY_PASSPHRASE'],
    ['when a PFX is cut off', { certificate: file(makePfx(good, 'open').subarray(0, 1000)), passphrase: 'open' }, 'AUTH_CERTIFICATE_UNREADABLE'],
    ['when it is in DER without a key', { certificate: file(new X509Certificate(good.certificate).raw) }, 'AUTH_CERTIFICATE_UNREADABLE'],
    ['when the file of its passphrase is not there', { certificate: good.certificate, key: good.keyPem('pkcs8', 'open'), passphrase: { file: join(folder, 'nowhere') } }, 'AUTH_SECRET_UNREADABLE'],
    ['when the key belongs to another one', { certificate: good.certificate, key: other.keyPem('pkcs8') }, 'AUTH_KEY_FOREIGN'],
    ['when the key is short', { certificate: weak.certificate, key: weak.keyPem('pkcs8') }, 'AUTH_KEY_UNSUITABLE'],
    ['when the key is not RSA', { certificate: elliptic.certificate, key: elliptic.keyPem('pkcs8') }, 'AUTH_KEY_UNSUITABLE'],
    ['when it has expired', { certificate: expired.certificate, key: expired.keyPem('pkcs8') }, 'AUTH_CERTIFICATE_EXPIRED'],
    ['when it is not valid yet', { certificate: early.certificate, key: early.keyPem('pkcs8') }, 'AUTH_CERTIFICATE_EARLY'],
  ] as const) {
    test(why, async () => assert.equal((await refusalOf(credential)).code, code));
  }

  test('without quoting a key, even one that was pasted without its frame', async () => {
    const bare = good.keyPem('pkcs8').replace(/-----[^-]+-----/g, '').trim();
    for (const credential of [{ certificate: bare }, { certificate: bare.replaceAll('\n', '') }, { certificate: good.certificate, key: bare }, { certificate: good.certificate, key: `-----BEGIN PRIVATE KEY-----\n${bare.slice(0, 200)}\n-----END PRIVATE KEY-----` }]) {
      const { message, repair, stack } = await refusalOf(credential);
      assert.ok(!`${message}${repair}${stack ?? ''}`.includes(bare.slice(0, 40)), message);
    }
  });
});
