import { strict as assert } from 'node:assert';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { readCertificate } from '../../../plugin/auth/certificate.ts';
import { AuditError } from '../../../plugin/errors.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-certificate-'));
after(() => rmSync(folder, { recursive: true }));
const nowMs = Date.UTC(2026, 8, 1);
const clock = createManualClock(nowMs);
const times = { fromMs: nowMs - 1000, untilMs: nowMs + 86_400_000 };
const good = makeCertificate(times);
const other = makeCertificate(times);
let files = 0;

function file(text: string): string {
  files += 1;
  const path = join(folder, `${files}.pem`);
  writeFileSync(path, text);
  return path;
}

async function failureOf(credential: { readonly certificate: string; readonly key?: string; readonly passphrase?: string }): Promise<AuditError> {
  try {
    await readCertificate({ kind: 'certificate', ...credential }, clock);
  } catch (error) {
    assert.ok(error instanceof AuditError, String(error));
    return error;
  }
  return assert.fail('nothing was thrown');
}

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
    'with a passphrase that its plain key does not need': { certificate: good.certificate, key: pkcs8, passphrase: 'not needed' },
  })) {
    test(`${what} gives its thumbprint, a plain key and its end`, async () => {
      const read = await readCertificate({ kind: 'certificate', ...credential }, clock);
      assert.equal(read.thumbprintSha256, fingerprint);
      assert.equal(read.privateKey, pkcs8);
      assert.equal(read.expiresAtMs, times.untilMs);
    });
  }

  test('that was renewed with the same key is the newest one', async () => {
    const older = makeCertificate({ fromMs: nowMs - 5000, untilMs: nowMs - 1000, key: good.key });
    for (const certificate of [older.certificate + good.certificate, good.certificate + older.certificate]) {
      assert.equal((await readCertificate({ kind: 'certificate', certificate, key: pkcs8 }, clock)).expiresAtMs, times.untilMs);
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
    ['when the key belongs to another one', { certificate: good.certificate, key: other.keyPem('pkcs8') }, 'AUTH_KEY_FOREIGN'],
    ['when the key is short', { certificate: weak.certificate, key: weak.keyPem('pkcs8') }, 'AUTH_KEY_UNSUITABLE'],
    ['when the key is not RSA', { certificate: elliptic.certificate, key: elliptic.keyPem('pkcs8') }, 'AUTH_KEY_UNSUITABLE'],
    ['when it has expired', { certificate: expired.certificate, key: expired.keyPem('pkcs8') }, 'AUTH_CERTIFICATE_EXPIRED'],
    ['when it is not valid yet', { certificate: early.certificate, key: early.keyPem('pkcs8') }, 'AUTH_CERTIFICATE_EARLY'],
  ] as const) {
    test(why, async () => assert.equal((await failureOf(credential)).code, code));
  }

  test('without quoting a key, even one that was pasted without its frame', async () => {
    const bare = good.keyPem('pkcs8').replace(/-----[^-]+-----/g, '').trim();
    for (const credential of [{ certificate: bare }, { certificate: bare.replaceAll('\n', '') }, { certificate: good.certificate, key: bare }, { certificate: good.certificate, key: `-----BEGIN PRIVATE KEY-----\n${bare.slice(0, 200)}\n-----END PRIVATE KEY-----` }]) {
      const { message, repair, stack } = await failureOf(credential);
      assert.ok(!`${message}${repair}${stack ?? ''}`.includes(bare.slice(0, 40)), message);
    }
  });
});
