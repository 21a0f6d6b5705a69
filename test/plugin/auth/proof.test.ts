/** Every way to sign in, against a token endpoint that verifies as Entra does, and an independent library that verifies the assertions. */
import { strict as assert } from 'node:assert';
import { createHash, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { createTokenSource, type TokenSource } from '../../../plugin/auth/token-source.ts';
import { createNetwork } from '../../../plugin/network/network.ts';
import type { Simulator } from '../../../plugin/simulator/simulator.ts';
import { startSimulator } from '../../../plugin/simulator/simulator.ts';
import { silentLog, type Log } from '../../../plugin/telemetry/log.ts';
import type { Clock, Credential, HttpRequest } from '../../../plugin/types.ts';
import { makeCertificate, type TestCertificate } from '../../support/certificate.ts';
import { failureOf } from '../../support/failures.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { makePfx } from '../../support/pfx.ts';
import { realClock } from '../../support/simulation.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-proof-'));
const network = createNetwork({}, silentLog);
const application = makeCertificate();
const simulator: Simulator = await startSimulator({ clock: realClock, log: silentLog, eventCount: 0 });
const [tenant] = simulator.tenants;
after(async () => {
  await simulator.close();
  await network.close();
  rmSync(folder, { recursive: true });
});

/** Writes as whoever rotates a secret should: a whole new file in the old one's place. */
function put(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
  return path;
}

interface Signing {
  readonly source: TokenSource;
  /** The assertions that were sent. */
  readonly assertions: string[];
}

function signingIn(credential: Credential, clock: Clock = realClock, log: Log = silentLog): Signing {
  const assertions: string[] = [];
  const request: HttpRequest = (url, options) => {
    assertions.push(new URLSearchParams(String(options?.body)).get('client_assertion') ?? '');
    return network.request(url, options);
  };
  const source = createTokenSource({ tenant: { id: tenant?.domain ?? '' }, applicationId: simulator.applicationId, credential, authenticationEndpoint: simulator.url, resource: simulator.url }, request, clock, log);
  return { source, assertions };
}

const both = (made: TestCertificate): string => made.certificate + made.keyPem('pkcs8');

simulator.setCertificates([application.certificate]);
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const federated = { iss: 'https://cluster.example', sub: 'system:serviceaccount:audit:collector', aud: 'api://AzureADTokenExchange' };
simulator.setFederated([{ issuer: federated.iss, subject: federated.sub, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() }]);
const federatedToken = await new SignJWT(federated).setProtectedHeader({ alg: 'RS256', kid: '1' }).setExpirationTime('1h').setNotBefore('-1m').sign(privateKey);

describe('an application signs in', () => {
  for (const [how, credential, appidacr] of [
    ['with a secret', { kind: 'secret', secret: simulator.clientSecret }, '1'],
    ['with a secret in a file', { kind: 'secret', secret: { file: put('secret', `${simulator.clientSecret}\n`) } }, '1'],
    ['with a secret that a program prints', { kind: 'secret', secret: { command: ['printf', '%s\n', simulator.clientSecret] } }, '1'],
    ['with a certificate and its key', { kind: 'certificate', certificate: put('app.pem', application.certificate), key: put('app.key', application.keyPem('pkcs1', 'x')), passphrase: 'x' }, '2'],
    ['with a certificate by its SHA-1 thumbprint', { kind: 'certificate', certificate: put('both.pem', both(application)), thumbprint: 'sha1' }, '2'],
    ['with a certificate that goes along', { kind: 'certificate', certificate: put('both.pem', both(application)), sendsCertificate: true }, '2'],
    ['with a PFX file', { kind: 'certificate', certificate: put('app.pfx', makePfx(application, 'x')), passphrase: { file: put('pass', 'x') } }, '2'],
    ['with a federated token', { kind: 'federated', tokenFile: put('token', federatedToken) }, '2'],
  ] as const) {
    test(how, async () => {
      const { source } = signingIn(credential);
      const claims = decodeJwt(await source.token());
      assert.deepEqual([claims.appid, claims.appidacr, claims.tid], [simulator.applicationId, appidacr, tenant?.id]);
      assert.equal(await source.tenantId(), tenant?.id, 'and the domain has become a GUID');
    });
  }

  for (const [thumbprint, alg, header, hash] of [['sha256', 'PS256', 'x5t#S256', 'sha256'], ['sha1', 'RS256', 'x5t', 'sha1']] as const) {
    for (const sendsCertificate of [false, true]) {
      test(`with an assertion of ${alg}${sendsCertificate ? ' and x5c' : ''} that an independent library accepts`, async () => {
        const { source, assertions } = signingIn({ kind: 'certificate', certificate: both(application), thumbprint, sendsCertificate });
        await source.token();
        const [assertion = ''] = assertions;
        await jwtVerify(assertion, createPublicKey(application.certificate), {
          algorithms: [alg], audience: `${simulator.url.origin}/${tenant?.domain ?? ''}/oauth2/v2.0/token`, issuer: simulator.applicationId, subject: simulator.applicationId,
          clockTolerance: 1, requiredClaims: ['exp', 'nbf', 'jti'],
        });
        const { raw } = new X509Certificate(application.certificate);
        const shown = decodeProtectedHeader(assertion);
        assert.equal(shown[header], createHash(hash).update(raw).digest('base64url'));
        assert.deepEqual(shown.x5c, sendsCertificate ? [raw.toString('base64')] : undefined);
      });
    }
  }
});

describe('nothing is sent', () => {
  for (const [why, credential, code] of [
    ['when the file of the secret is not there', { kind: 'secret', secret: { file: join(folder, 'nowhere') } }, 'AUTH_SECRET_UNREADABLE'],
    ['when the program fails that knows the secret', { kind: 'secret', secret: { command: ['false'] } }, 'AUTH_HELPER'],
    ['when the certificate cannot be read', { kind: 'certificate', certificate: join(folder, 'nowhere') }, 'AUTH_CERTIFICATE_UNREADABLE'],
    ['when the federated token is not there', { kind: 'federated', tokenFile: join(folder, 'nowhere') }, 'AUTH_FEDERATED_TOKEN'],
    ['when the federated token is none', { kind: 'federated', tokenFile: put('none', 'canary') }, 'AUTH_FEDERATED_TOKEN'],
    ['when the federated token has expired', { kind: 'federated', tokenFile: put('old', `e30.${Buffer.from('{"exp":1}').toString('base64url')}.canary`) }, 'AUTH_FEDERATED_TOKEN'],
  ] as const) {
    test(why, async () => {
      const { source, assertions } = signingIn(credential);
      const error = await failureOf(source.token());
      assert.equal(error.code, code);
      assert.doesNotMatch(error.message, /canary/);
      assert.deepEqual(assertions, []);
    });
  }
});

describe('a credential that was rotated', () => {
  test('in its file counts at once, though the old one has just been refused', async () => {
    const clock = createManualClock(Date.now());
    const file = put('rotating', 'not the secret');
    const lines: string[] = [];
    const { source, assertions } = signingIn({ kind: 'secret', secret: { file } }, clock, (line) => lines.push(line));
    assert.match((await failureOf(source.token())).message, /AADSTS7000215/);
    assert.match((await failureOf(source.token())).message, /AADSTS7000215/);
    assert.equal(assertions.length, 1, 'a refusal is repeated without asking');
    put('rotating', simulator.clientSecret);
    await source.token();
    assert.ok(lines.includes('auth.credential_changed'));
  });

  test('counts when the API refuses the token that came by the old one', async () => {
    const old = simulator.clientSecret;
    const file = put('rotating', old);
    const { source } = signingIn({ kind: 'secret', secret: { file } });
    const token = await source.token();
    try {
      simulator.setSecrets(['the new one']);
      put('rotating', 'the new one');
      source.reject(token);
      assert.notEqual(await source.token(), token);
    } finally {
      simulator.setSecrets([old]);
    }
  });

  test('is taken from the program anew for each token', async () => {
    const clock = createManualClock(Date.now());
    const file = put('behind', simulator.clientSecret);
    const { source } = signingIn({ kind: 'secret', secret: { command: ['cat', file] } }, clock);
    await source.token();
    put('behind', 'not the secret');
    await clock.advance(2 * 3_600_000);
    assert.match((await failureOf(source.token())).message, /AADSTS7000215/);
  });

  test('by two certificates in one file signs in with whichever Entra has, before and after', async () => {
    const clock = createManualClock(Date.now());
    const [older, newer] = [makeCertificate({ untilMs: Date.now() + 40 * 86_400_000 }), makeCertificate({ untilMs: Date.now() + 80 * 86_400_000 })];
    const lines: string[] = [];
    const { source, assertions } = signingIn({ kind: 'certificate', certificate: put('rollover.pem', both(older) + both(newer)) }, clock, (line) => lines.push(line));
    const thumbprintOf = ({ certificate }: TestCertificate): string => createHash('sha256').update(new X509Certificate(certificate).raw).digest('base64url');
    const signed = (): string[] => assertions.splice(0).map((assertion) => String(decodeProtectedHeader(assertion)['x5t#S256']));
    try {
      simulator.setCertificates([older.certificate]);
      await source.token();
      assert.deepEqual(signed(), [newer, older].map(thumbprintOf), 'the newest first, and then the one that is registered');
      assert.deepEqual(lines.filter((line) => line === 'auth.next_certificate').length, 1);
      await clock.advance(2 * 3_600_000);
      await source.token();
      assert.deepEqual(signed(), [older].map(thumbprintOf), 'the one that was accepted the last time');
      simulator.setCertificates([newer.certificate]);
      await clock.advance(2 * 3_600_000);
      await source.token();
      assert.deepEqual(signed(), [older, newer].map(thumbprintOf));
      simulator.setCertificates([application.certificate]);
      await clock.advance(2 * 3_600_000);
      assert.match((await failureOf(source.token())).message, /AADSTS700027/);
      assert.equal(signed().length, 2);
    } finally {
      simulator.setCertificates([application.certificate]);
    }
  });
});

describe('a token without any permission', () => {
  test('is told of before the API is asked, and consent counts soon after', async () => {
    const clock = createManualClock(Date.now());
    const { source } = signingIn({ kind: 'secret', secret: simulator.clientSecret }, clock);
    simulator.faults.set('no-permission');
    const error = await failureOf(source.token());
    assert.equal(error.code, 'API_PERMISSION');
    assert.match(error.message, /lacks the permission: it names no permission at all/);
    simulator.faults.clear();
    await clock.advance(2_000);
    await source.token();
  });
});
