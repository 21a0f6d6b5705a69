import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID, X509Certificate, createHash, type KeyObject } from 'node:crypto';
import { describe, test } from 'node:test';
import { createLocalJWKSet, decodeJwt, jwtVerify, SignJWT, type JSONWebKeySet } from 'jose';
import { AuditError } from '../../../plugin/errors.ts';
import { ENTRA_ERRORS } from '../../../plugin/simulator/entra-errors.table.ts';
import type { Simulator } from '../../../plugin/simulator/simulator.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { askForToken, createClient, NOON_MS, withSimulator } from './client.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const NOW_SECONDS = NOON_MS / 1000;
const VALID = { fromMs: NOON_MS - 86_400_000, untilMs: NOON_MS + 86_400_000 };
const { certificate, key } = makeCertificate(VALID);

const withTenant = (run: (simulator: Simulator, tenant: string) => Promise<void>) => () => withSimulator({ eventCount: 0 }, (simulator) => run(simulator, simulator.tenants[0]?.id ?? ''));

async function refusal(answer: Promise<Response>): Promise<[number, string, number | undefined]> {
  const { status } = await answer;
  const { error, error_codes: [number] } = await (await answer).json() as { error: string; error_codes: number[] };
  return [status, error, number];
}

interface AssertionParts {
  readonly alg?: string;
  readonly certificate?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: KeyObject;
}

function thumbprint(hash: 'sha1' | 'sha256', pem: string): string {
  return createHash(hash).update(new X509Certificate(pem).raw).digest('base64url');
}

/** A good assertion of a simulator's application, but for the parts given. */
async function assertion(simulator: Simulator, tenant: string, { alg = 'PS256', certificate: shown = certificate, header, claims, key: signer = key }: AssertionParts = {}): Promise<Record<string, string | undefined>> {
  const { applicationId, url } = simulator;
  const jwt = await new SignJWT({ aud: `${url.origin}/${tenant}/oauth2/v2.0/token`, iss: applicationId, sub: applicationId, jti: randomUUID(), nbf: NOW_SECONDS, iat: NOW_SECONDS, exp: NOW_SECONDS + 600, ...claims })
    .setProtectedHeader({ typ: 'JWT', alg, ...header ?? (alg === 'RS256' ? { x5t: thumbprint('sha1', shown) } : { 'x5t#S256': thumbprint('sha256', shown) }) }).sign(signer);
  return { client_secret: undefined, client_assertion_type: ASSERTION_TYPE, client_assertion: jwt };
}

describe('the token endpoint', () => {
  test('v2 answers with numbers and a token that says who may do what, and until when', withTenant(async (simulator, tenant) => {
    const answer = await askForToken(simulator, tenant);
    assert.equal(answer.status, 200);
    const { token_type: type, expires_in: expiresIn, ext_expires_in: extended, access_token: token, ...others } = await answer.json() as { token_type: string; expires_in: number; ext_expires_in: number; access_token: string };
    assert.deepEqual([type, extended, others], ['Bearer', expiresIn, {}]);
    assert.ok(expiresIn >= 3599 && expiresIn < 5400);
    const claims = decodeJwt(token);
    assert.deepEqual(claims.roles, ['ActivityFeed.Read', 'ActivityFeed.ReadDlp']);
    assert.deepEqual([claims.aud, claims.tid, claims.appid, claims.appidacr, claims.ver], [simulator.url.origin, tenant, simulator.applicationId, '1', '1.0']);
    assert.equal(claims.iss, `https://sts.windows.net/${tenant}/`);
    assert.deepEqual([claims.nbf, claims.exp], [NOW_SECONDS - 300, NOW_SECONDS + expiresIn + 1]);
  }));

  test('v1 answers with strings, and with the resource', withTenant(async (simulator, tenant) => {
    const answer = await askForToken(simulator, tenant, { scope: undefined, resource: simulator.url.origin }, { version: '' });
    const { expires_in: expiresIn, expires_on: expiresOn, not_before: notBefore, resource, token_type: type } = await answer.json() as Record<string, unknown>;
    assert.deepEqual([typeof expiresIn, expiresOn, notBefore, resource, type], ['string', String(NOW_SECONDS + Number(expiresIn) + 1), String(NOW_SECONDS - 300), simulator.url.origin, 'Bearer']);
    assert.equal((await askForToken(simulator, tenant, { scope: undefined, resource: simulator.url.origin }, { version: '' })).status, 200);
  }));

  test('takes the tenant by its domain, and issues for its GUID', withTenant(async (simulator, tenant) => {
    const answer = await askForToken(simulator, simulator.tenants[0]?.domain ?? '');
    assert.equal(decodeJwt((await answer.json() as { access_token: string }).access_token).tid, tenant);
  }));

  test('takes id and secret by HTTP Basic, form-encoded or raw', withTenant(async (simulator, tenant) => {
    const { applicationId, clientSecret } = simulator;
    const encoded = new URLSearchParams({ secret: clientSecret }).toString().slice('secret='.length);
    for (const secret of [clientSecret, encoded]) {
      const authorization = `Basic ${Buffer.from(`${applicationId}:${secret}`).toString('base64')}`;
      assert.equal((await askForToken(simulator, tenant, { client_id: undefined, client_secret: undefined }, { headers: { authorization } })).status, 200, secret);
    }
  }));

  test('signs with the key that its discovery documents name', withTenant(async (simulator, tenant) => {
    const document = await (await fetch(new URL(`/${tenant}/v2.0/.well-known/openid-configuration`, simulator.url))).json() as { jwks_uri: string; token_endpoint: string };
    assert.equal(document.token_endpoint, `${simulator.url.origin}/${tenant}/oauth2/v2.0/token`);
    const keys = createLocalJWKSet(await (await fetch(document.jwks_uri)).json() as JSONWebKeySet);
    const { payload } = await jwtVerify(await createClient(simulator).token(), keys, { audience: simulator.url.origin, currentDate: new Date(NOON_MS) });
    assert.equal(payload.tid, tenant);
    const behindTls = await (await fetch(new URL(`/${tenant}/v2.0/.well-known/openid-configuration`, simulator.url), { headers: { 'x-forwarded-proto': 'https' } })).json() as { token_endpoint: string };
    assert.match(behindTls.token_endpoint, /^https:/);
  }));

  test('accepts a rotated secret, several at a time, and no longer the old one', withTenant(async (simulator, tenant) => {
    simulator.setSecrets(['new', simulator.clientSecret]);
    assert.equal((await askForToken(simulator, tenant, { client_secret: 'new' })).status, 200);
    simulator.setSecrets(['new']);
    assert.deepEqual(await refusal(askForToken(simulator, tenant)), [401, 'invalid_client', 7000215]);
  }));

  const REFUSALS: readonly (readonly [string, Record<string, string | undefined>, { version?: string } | undefined, readonly [number, string, number]])[] = [
    ['a wrong secret', { client_secret: 'wrong' }, {}, [401, 'invalid_client', 7000215]],
    ['neither secret nor assertion', { client_secret: undefined }, {}, [401, 'invalid_client', 7000218]],
    ['an unknown application', { client_id: '11111111-2222-4333-8444-555555555555' }, {}, [400, 'unauthorized_client', 700016]],
    ['no application', { client_id: undefined }, {}, [400, 'invalid_request', 900144]],
    ['no grant', { grant_type: undefined }, {}, [400, 'invalid_request', 900144]],
    ['another grant', { grant_type: 'password' }, {}, [400, 'unsupported_grant_type', 70003]],
    ['no scope', { scope: undefined }, {}, [400, 'invalid_request', 900144]],
    ['a resource on v2', { scope: undefined, resource: 'https://manage.office.com' }, {}, [400, 'invalid_request', 901002]],
    ['a scope that is not .default', { scope: 'https://manage.office.com/ActivityFeed.Read' }, {}, [400, 'invalid_scope', 1002012]],
    ['two resources', { scope: 'https://manage.office.com/.default https://graph.microsoft.com/.default' }, {}, [400, 'invalid_scope', 700022]],
    ['a resource of another service', { scope: 'https://graph.microsoft.com/.default' }, {}, [400, 'invalid_resource', 500011]],
    ['no resource on v1', { scope: undefined }, { version: '' }, [400, 'invalid_request', 900144]],
    ['an assertion that is none', { client_secret: undefined, client_assertion: 'x', client_assertion_type: ASSERTION_TYPE }, {}, [400, 'invalid_request', 50027]],
    ['an assertion without its type', { client_secret: undefined, client_assertion: 'x' }, {}, [400, 'invalid_request', 900144]],
  ];
  for (const [what, fields, options, expected] of REFUSALS) {
    test(`refuses ${what}`, withTenant(async (simulator, tenant) => assert.deepEqual(await refusal(askForToken(simulator, tenant, fields, options)), expected)));
  }

  for (const [what, tenant, number] of [['a GUID that is no tenant', '11111111-2222-4333-8444-555555555555', 90002], ['a domain that is no tenant', 'nobody.example', 90002], ['a word', 'nobody', 900023], ['common', 'common', 9001023]] as const) {
    test(`refuses ${what} as tenant`, withTenant(async (simulator) => assert.deepEqual(await refusal(askForToken(simulator, tenant)), [400, 'invalid_request', number])));
  }

  test('refuses in the shape of Entra ID', withTenant(async (simulator, tenant) => {
    const body = await (await askForToken(simulator, tenant, { client_secret: 'wrong' })).json() as Record<string, unknown>;
    assert.deepEqual(Object.keys(body), ['error', 'error_description', 'error_codes', 'timestamp', 'trace_id', 'correlation_id', 'error_uri']);
    assert.match(String(body.error_description), /^AADSTS7000215: Invalid client secret provided\..*\r\nTrace ID: [0-9a-f-]{36}\r\nCorrelation ID: [0-9a-f-]{36}\r\nTimestamp: 2026-09-08 12:00:00Z$/s);
    assert.equal(body.error_uri, 'https://login.microsoftonline.com/error?code=7000215');
  }));

  test('can be told to refuse with every number of its table', withTenant(async (simulator, tenant) => {
    for (const [number, { error, status }] of Object.entries(ENTRA_ERRORS)) {
      simulator.faults.set('token-error', { count: 1, aadsts: Number(number) });
      assert.deepEqual(await refusal(askForToken(simulator, tenant)), [status, error, Number(number)]);
    }
    assert.equal((await askForToken(simulator, tenant)).status, 200);
  }));

  test('counts tokens that it issued and refused', withTenant(async (simulator, tenant) => {
    await askForToken(simulator, tenant);
    await askForToken(simulator, tenant, { client_secret: 'wrong' });
    assert.deepEqual(simulator.books.snapshot().tenants[tenant]?.tokens, { issued: 1, refused: 1 });
  }));
});

describe('a client assertion', () => {
  const withCertificate = (run: (simulator: Simulator, tenant: string) => Promise<void>) => withTenant((simulator, tenant) => {
    simulator.setCertificates([certificate]);
    return run(simulator, tenant);
  });

  for (const alg of ['RS256', 'PS256']) {
    test(`of ${alg} is good for a token that says it came by certificate`, withCertificate(async (simulator, tenant) => {
      const answer = await askForToken(simulator, tenant, await assertion(simulator, tenant, { alg }));
      assert.equal(answer.status, 200);
      assert.equal(decodeJwt((await answer.json() as { access_token: string }).access_token).appidacr, '2');
    }));
  }

  test('is found among several certificates by its thumbprint', withCertificate(async (simulator, tenant) => {
    simulator.setCertificates([`${makeCertificate(VALID).certificate}${certificate}`]);
    assert.equal((await askForToken(simulator, tenant, await assertion(simulator, tenant))).status, 200);
  }));

  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const REFUSALS: readonly (readonly [string, AssertionParts, number])[] = [
    ['signed by another key', { key: other }, 700027],
    ['with no thumbprint', { header: {} }, 700027],
    ['with another thumbprint', { header: { 'x5t#S256': 'AAAA' } }, 700027],
    ['of RS256 with the thumbprint of PS256', { alg: 'RS256', header: { 'x5t#S256': thumbprint('sha256', certificate) } }, 700027],
    ['of another algorithm', { alg: 'RS512' }, 700027],
    ['for another audience', { claims: { aud: 'https://login.microsoftonline.com/x/oauth2/v2.0/token' } }, 700023],
    ['of another issuer', { claims: { iss: 'somebody' } }, 700021],
    ['for another subject', { claims: { sub: 'somebody' } }, 700021],
    ['that has expired', { claims: { exp: NOW_SECONDS } }, 700024],
    ['that is not valid yet', { claims: { nbf: NOW_SECONDS + 301 } }, 700024],
    ['without an end', { claims: { exp: undefined } }, 700024],
    ['without an id', { claims: { jti: undefined } }, 50027],
  ];
  for (const [what, parts, number] of REFUSALS) {
    test(`${what} is refused`, withCertificate(async (simulator, tenant) => {
      const [, , refused] = await refusal(askForToken(simulator, tenant, await assertion(simulator, tenant, parts)));
      assert.equal(refused, number);
    }));
  }

  test('is good again and again, as Microsoft\'s libraries expect, unless it may be used only once', withCertificate(async (simulator, tenant) => {
    const fields = await assertion(simulator, tenant);
    assert.equal((await askForToken(simulator, tenant, fields)).status, 200);
    assert.equal((await askForToken(simulator, tenant, fields)).status, 200);
    simulator.faults.set('assertion-once');
    assert.equal((await askForToken(simulator, tenant, await assertion(simulator, tenant))).status, 200);
    assert.deepEqual(await refusal(askForToken(simulator, tenant, fields)), [401, 'invalid_client', 700027]);
  }));

  test('of a certificate that has expired is refused', withTenant(async (simulator, tenant) => {
    const { certificate: expired } = makeCertificate({ fromMs: NOON_MS - 2000, untilMs: NOON_MS - 1000, key });
    simulator.setCertificates([expired]);
    const answer = await askForToken(simulator, tenant, await assertion(simulator, tenant, { certificate: expired }));
    assert.match((await answer.json() as { error_description: string }).error_description, /^AADSTS700027: .*The key used is expired/);
  }));

  test('with the SHA-256 thumbprint is refused where a tenant takes only SHA-1', withCertificate(async (simulator, tenant) => {
    simulator.faults.set('sha1-only');
    assert.deepEqual(await refusal(askForToken(simulator, tenant, await assertion(simulator, tenant))), [401, 'invalid_client', 700027]);
    assert.equal((await askForToken(simulator, tenant, await assertion(simulator, tenant, { alg: 'RS256' }))).status, 200);
  }));

  test('of a federated issuer is good many times, for its own subject and audience only', withTenant(async (simulator, tenant) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    simulator.setFederated([{ issuer: 'https://cluster.example', subject: 'system:serviceaccount:audit:collector', publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() }]);
    const claims = { iss: 'https://cluster.example', sub: 'system:serviceaccount:audit:collector', aud: 'api://AzureADTokenExchange' };
    const parts = { alg: 'RS256', header: { kid: '1' }, key: privateKey };
    const fields = await assertion(simulator, tenant, { ...parts, claims });
    assert.equal((await askForToken(simulator, tenant, fields)).status, 200);
    assert.equal((await askForToken(simulator, tenant, fields)).status, 200);
    assert.deepEqual(await refusal(askForToken(simulator, tenant, await assertion(simulator, tenant, { ...parts, claims: { ...claims, sub: 'other' } }))), [400, 'invalid_request', 70021]);
    assert.deepEqual(await refusal(askForToken(simulator, tenant, await assertion(simulator, tenant, { ...parts, claims, key: other }))), [401, 'invalid_client', 700027]);
  }));

  test('needs a certificate with an RSA key of 2048 bits', withTenant((simulator) => {
    const refused = (error: unknown): boolean => error instanceof AuditError && error.code === 'SIMULATOR_CERTIFICATE';
    assert.throws(() => simulator.setCertificates(['no certificate']), refused);
    assert.throws(() => simulator.setCertificates(['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']), refused);
    assert.throws(() => simulator.setCertificates([makeCertificate({ ...VALID, bits: 1024 }).certificate]), refused);
    assert.throws(() => simulator.setCertificates([makeCertificate({ ...VALID, curve: 'P-256' }).certificate]), refused);
    return Promise.resolve();
  }));
});
