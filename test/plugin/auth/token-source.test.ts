import { strict as assert } from 'node:assert';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { AADSTS } from '../../../plugin/auth/aadsts.ts';
import { createTokenSource, type TokenSource, type TokenSourceOptions } from '../../../plugin/auth/token-source.ts';
import { AuditError } from '../../../plugin/errors.ts';
import { createNetwork } from '../../../plugin/network/network.ts';
import { createLog, silentLog, type Log } from '../../../plugin/telemetry/log.ts';
import { CLOUDS } from '../../../plugin/types.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { failureOf } from '../../support/failures.ts';
import { json, startFarEnd, type FarEnd, type SeenRequest } from '../../support/far-end.ts';
import { createManualClock, until, type ManualClock } from '../../support/manual-clock.ts';

const TENANT = '7d1c0f5e-2f0a-4a57-9d0a-3a1b5d7e9c11';
const APPLICATION = 'c0ffee00-1111-4222-8333-444455556666';
const SECRET = 'a~.+/=&"b%20c';
const network = createNetwork({}, silentLog);
const closing: (() => Promise<void>)[] = [() => network.close()];
after(async () => {
  for (const close of closing.reverse()) await close();
});

/** An app-only access token as Entra issues it, unsigned. */
function accessToken(claims: Readonly<Record<string, unknown>> = {}): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ tid: TENANT, roles: ['ActivityFeed.Read'], ...claims })}.signature`;
}

type Answer = (request: SeenRequest, response: ServerResponse, count: number) => unknown;

interface Setup {
  readonly source: TokenSource;
  readonly login: FarEnd;
  readonly clock: ManualClock;
}

async function setUp(answer: Answer, options: Partial<TokenSourceOptions> = {}, log: Log = silentLog): Promise<Setup> {
  let count = 0;
  const login = await startFarEnd((request, response) => {
    count += 1;
    return answer(request, response, count);
  });
  closing.push(() => login.close());
  const clock = createManualClock(Date.now());
  const source = createTokenSource({
    tenant: { id: TENANT },
    applicationId: APPLICATION,
    credential: { kind: 'secret', secret: SECRET },
    authenticationEndpoint: login.url,
    resource: new URL('https://manage.office.com/'),
    ...options,
  }, network.request, clock, log);
  return { source, login, clock };
}

/** Issues numbered tokens that live for an hour. */
const issuing: Answer = (_request, response, count) => json(response, 200, { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: accessToken({ uti: count }) });

function refusing(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (_request, response) => json(response, status, body, headers);
}

describe('a token', () => {
  test('is asked for at the v2 endpoint with the secret form-encoded and the scope of the resource', async () => {
    const { source, login } = await setUp(issuing);
    assert.equal(await source.token(), accessToken({ uti: 1 }));
    const [request] = login.requests;
    assert.equal(request?.method, 'POST');
    assert.equal(request.target.split('?')[0], `/${TENANT}/oauth2/v2.0/token`);
    assert.match(request.headers['content-type'] ?? '', /^application\/x-www-form-urlencoded/);
    const form = new URLSearchParams(request.body);
    assert.equal(form.get('grant_type'), 'client_credentials');
    assert.equal(form.get('client_id'), APPLICATION);
    assert.equal(form.get('client_secret'), SECRET);
    assert.equal(form.get('scope'), 'https://manage.office.com/.default');
    assert.equal(form.has('resource'), false);
  });

  test('is asked for once by however many want it at the same time', async () => {
    const { source, login } = await setUp(issuing);
    const tokens = await Promise.all(Array.from({ length: 30 }, () => source.token(new AbortController().signal)));
    assert.equal(new Set(tokens).size, 1);
    assert.equal(login.requests.length, 1);
  });

  test('is kept as long as expires_in says, and renewed beside its use before that', async () => {
    const { source, login, clock } = await setUp((_request, response, count) => json(response, 200, { token_type: 'Bearer', expires_in: '600', access_token: accessToken({ uti: count }) }));
    await source.token();
    await clock.advance(479_000);
    assert.equal(await source.token(), accessToken({ uti: 1 }));
    assert.equal(login.requests.length, 1);
    await clock.advance(2_000);
    assert.equal(await source.token(), accessToken({ uti: 1 }), 'the old one while the new one is on its way');
    await until(() => login.requests.length === 2, 'the renewal');
    let token = '';
    await until(() => {
      void source.token().then((value) => {
        token = value;
      });
      return token === accessToken({ uti: 2 });
    }, 'the new token');
    assert.equal(login.requests.length, 2);
  });

  test('that expired unused is replaced before it is given out', async () => {
    const { source, clock } = await setUp(issuing);
    await source.token();
    await clock.advance(3_600_000);
    assert.equal(await source.token(), accessToken({ uti: 2 }));
  });

  test('without expires_in lives until its own exp', async () => {
    const { source, clock, login } = await setUp((_request, response) => json(response, 200, { token_type: 'Bearer', access_token: accessToken({ exp: Math.floor(Date.now() / 1000) + 1000 }) }));
    await source.token();
    await clock.advance(700_000);
    await source.token();
    assert.equal(login.requests.length, 1);
    await clock.advance(400_000);
    await source.token();
    assert.equal(login.requests.length, 2);
  });

  test('that the API refused is replaced, but not again and again', async () => {
    const { source, login, clock } = await setUp(issuing);
    const first = await source.token();
    source.reject('another token');
    assert.equal(await source.token(), first);
    source.reject(first);
    source.reject(first);
    let token = await source.token();
    assert.equal(token, accessToken({ uti: 2 }));
    for (let rejection = 2; rejection <= 5; rejection += 1) {
      source.reject(token);
      token = await source.token();
      assert.equal(token, accessToken({ uti: rejection + 1 }));
    }
    source.reject(token);
    assert.equal(await source.token(), token, 'the sixth in a minute is kept: another one would fare no better');
    await clock.advance(60_000);
    source.reject(token);
    assert.notEqual(await source.token(), token);
    assert.equal(login.requests.length, 7);
  });

  test('that cannot be renewed is used until it expires', async () => {
    const { source, clock, login } = await setUp((request, response, count) => count === 1 ? issuing(request, response, count) : json(response, 503, { error: 'temporarily_unavailable' }));
    const token = await source.token();
    for (let minute = 55; minute < 60; minute += 1) {
      await clock.advance(minute === 55 ? 55 * 60_000 : 55_000);
      assert.equal(await source.token(), token);
    }
    await until(() => login.requests.length >= 2, 'an attempt to renew');
    await clock.advance(600_000);
    assert.equal((await failureOf(source.token())).code, 'AUTH_BUSY');
  });
});

describe('whoever waits for a token', () => {
  test('may give up alone, and the others get it', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { source } = await setUp(async (request, response, count) => {
      await gate;
      issuing(request, response, count);
    });
    const impatient = new AbortController();
    const giving = source.token(impatient.signal);
    const staying = source.token(new AbortController().signal);
    const reason = new Error('stop');
    impatient.abort(reason);
    await assert.rejects(giving, reason);
    open();
    assert.equal(await staying, accessToken({ uti: 1 }));
  });

  test('as the last one ends the request by giving up, and the next one starts anew', async () => {
    let closed = false;
    const { source, login } = await setUp((request, response, count) => {
      response.on('close', () => {
        closed = true;
      });
      if (count > 1) issuing(request, response, count);
    });
    const waiters = [new AbortController(), new AbortController()];
    const waiting = waiters.map(({ signal }) => source.token(signal));
    await until(() => login.requests.length === 1, 'the request');
    const reason = new Error('stop');
    waiters.forEach((waiter) => waiter.abort(reason));
    for (const promise of waiting) await assert.rejects(promise, reason);
    assert.equal(await source.token(), accessToken({ uti: 2 }));
    await until(() => closed, 'the end of the first connection');
  });
});

describe('the tenant', () => {
  test('given by domain is resolved to its GUID from the token', async () => {
    const { source, login } = await setUp(issuing, { tenant: { id: 'contoso.onmicrosoft.com' } });
    assert.equal(source.identity, undefined);
    assert.equal(await source.tenantId(), TENANT);
    assert.equal(await source.tenantId(), TENANT);
    assert.equal(login.requests.length, 1);
    assert.deepEqual(source.identity, { tenantId: TENANT, roles: ['ActivityFeed.Read'] });
    assert.match(login.requests[0]?.target ?? '', /^\/contoso\.onmicrosoft\.com\/oauth2\/v2\.0\/token/);
  });

  test('given by GUID needs no readable token; given by domain it does', async () => {
    const opaque: Answer = (_request, response) => json(response, 200, { token_type: 'Bearer', expires_in: 60, access_token: 'opaque' });
    const byGuid = await setUp(opaque);
    await byGuid.source.token();
    assert.deepEqual(byGuid.source.identity, { tenantId: TENANT, roles: [] });
    const byDomain = await setUp(opaque, { tenant: { id: 'contoso.com' } });
    assert.equal((await failureOf(byDomain.source.token())).code, 'AUTH_TENANT_UNKNOWN');
  });

  test('must be the one that was asked for', async () => {
    const { source } = await setUp((_request, response) => json(response, 200, { token_type: 'Bearer', expires_in: 60, access_token: accessToken({ tid: '11111111-2222-3333-4444-555555555555' }) }));
    assert.equal((await failureOf(source.token())).code, 'AUTH_TENANT_OTHER');
  });
});

describe('a refusal', () => {
  for (const [number, { meaning, repair, course }] of Object.entries(AADSTS)) {
    test(`AADSTS${number} says that ${meaning}`, async () => {
      const { source } = await setUp(refusing(400, { error: 'some_error', error_description: `AADSTS${number}: words.\r\nTrace ID: 1`, error_codes: [Number(number)] }));
      const error = await failureOf(source.token());
      assert.equal(error.code, course === undefined ? 'AUTH_REFUSED' : 'AUTH_BUSY');
      assert.equal(error.retry, course === undefined ? 'never' : 'later');
      assert.ok(error.message.includes(meaning) && error.message.includes(`AADSTS${number}`), error.message);
      assert.equal(error.repair, repair);
    });
  }

  for (const [what, status, body, code] of [
    ['an unknown number with invalid_client needs a human', 401, { error: 'invalid_client', error_codes: [123456789] }, 'AUTH_REFUSED'],
    ['a number only in the description is read', 401, { error: 'invalid_client', error_description: 'AADSTS7000222: expired' }, 'AUTH_REFUSED'],
    ['temporarily_unavailable passes', 400, { error: 'temporarily_unavailable' }, 'AUTH_BUSY'],
    ['status 429 passes', 429, { error: 'whatever' }, 'AUTH_BUSY'],
    ['status 500 passes', 500, { error: 'server_error' }, 'AUTH_BUSY'],
    ['an interaction_required needs a human', 400, { error: 'interaction_required', suberror: 'basic_action' }, 'AUTH_REFUSED'],
    ['JSON without any known member, and no error name, needs a human', 400, { hello: 1 }, 'AUTH_REFUSED'],
    ['a success without a token is no success', 200, { token_type: 'Bearer' }, 'AUTH_REFUSED'],
  ] as const) {
    test(what, async () => {
      const { source } = await setUp(refusing(status, body));
      assert.equal((await failureOf(source.token())).code, code);
    });
  }

  for (const [what, status, body] of [['a page of HTML', 502, '<html><h1>Bad Gateway</h1></html>'], ['a captive portal', 200, '<html>Log in'], ['nothing', 503, ''], ['a cut-off answer', 200, '{"access_token":"ab']] as const) {
    test(`which is ${what} is tried again later`, async () => {
      const { source } = await setUp((_request, response) => response.writeHead(status, { 'content-type': 'text/html' }).end(body));
      const error = await failureOf(source.token());
      assert.equal(error.code, 'AUTH_UNREADABLE');
      assert.equal(error.retry, 'later');
    });
  }

  test('by nobody, because the login host is down, is a failure of the network', async () => {
    const { source, login } = await setUp(issuing);
    await login.close();
    assert.equal((await failureOf(source.token())).code, 'NETWORK_UNREACHABLE');
  });

  test('is repeated for a while without asking again, longer each time, and forgotten after a token', async () => {
    let healed = false;
    const { source, login, clock } = await setUp((request, response, count) => healed ? issuing(request, response, count) : json(response, 401, { error: 'invalid_client', error_codes: [7000215] }));
    const first = await failureOf(source.token());
    for (let call = 0; call < 50; call += 1) assert.equal(await failureOf(source.token()), first);
    assert.equal(login.requests.length, 1);
    await clock.advance(60_000);
    await failureOf(source.token());
    await clock.advance(60_000);
    await failureOf(source.token());
    assert.equal(login.requests.length, 2);
    await clock.advance(60_000);
    await failureOf(source.token());
    assert.equal(login.requests.length, 3);
    healed = true;
    await clock.advance(300_000);
    assert.equal(await source.token(), accessToken({ uti: 4 }));
  });

  test('with Retry-After is repeated as long as that says', async () => {
    const { source, login, clock } = await setUp(refusing(429, { error: 'temporarily_unavailable' }, { 'retry-after': '120' }));
    await failureOf(source.token());
    await clock.advance(119_000);
    await failureOf(source.token());
    assert.equal(login.requests.length, 1);
    await clock.advance(2_000);
    await failureOf(source.token());
    assert.equal(login.requests.length, 2);
  });

  for (const [number, error, status, quietMs] of [
    [7000215, 'invalid_client', 401, 60_000], [53003, 'access_denied', 400, 60_000], [90033, 'temporarily_unavailable', 503, 2_000],
    [50196, 'invalid_grant', 400, 300_000], [90055, 'temporarily_unavailable', 429, 300_000],
  ] as const) {
    test(`by AADSTS${number} is repeated for ${quietMs / 1000} s, and then it is asked again, and a token is a token`, async () => {
      let healed = false;
      const { source, login, clock } = await setUp((request, response, count) => healed ? issuing(request, response, count) : json(response, status, { error, error_codes: [number] }));
      await failureOf(source.token());
      healed = true;
      await clock.advance(quietMs - 1);
      await failureOf(source.token());
      assert.equal(login.requests.length, 1);
      await clock.advance(1);
      assert.equal(await source.token(), accessToken({ uti: 2 }));
    });
  }

  test('is not prolonged by a clock that was set back', async () => {
    const { source, login, clock } = await setUp(refusing(503, { error: 'server_error' }));
    await failureOf(source.token());
    clock.jump(-86_400_000);
    await failureOf(source.token());
    assert.equal(login.requests.length, 2);
  });
});

describe('a certificate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-token-'));
  after(() => rmSync(folder, { recursive: true }));

  test('signs an assertion that an independent library accepts', async () => {
    const made = makeCertificate();
    const { source, login } = await setUp(issuing, { credential: { kind: 'certificate', certificate: made.certificate, key: made.keyPem('pkcs1', 'sesame'), passphrase: 'sesame' } });
    await source.token();
    const form = new URLSearchParams(login.requests[0]?.body);
    assert.equal(form.get('client_assertion_type'), 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    assert.equal(form.has('client_secret'), false);
    const assertion = form.get('client_assertion') ?? '';
    const { payload } = await jwtVerify(assertion, createPublicKey(made.key), {
      algorithms: ['PS256'],
      audience: `${login.url.origin}/${TENANT}/oauth2/v2.0/token`,
      issuer: APPLICATION,
      subject: APPLICATION,
      // msal-node rounds the time of signing, and may round it up.
      clockTolerance: 1,
      requiredClaims: ['exp', 'nbf', 'jti'],
    });
    assert.ok((payload.exp ?? 0) - Date.now() / 1000 <= 601);
    const thumbprint = Buffer.from(new X509Certificate(made.certificate).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
    assert.equal(decodeProtectedHeader(assertion)['x5t#S256'], thumbprint);
  });

  test('that was replaced on disk counts with the next token', async () => {
    const path = join(folder, 'application.pem');
    const { source, login, clock } = await setUp(issuing, { credential: { kind: 'certificate', certificate: path } });
    assert.equal((await failureOf(source.token())).code, 'AUTH_CERTIFICATE_UNREADABLE');
    const assertions: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const made = makeCertificate();
      writeFileSync(path, made.certificate + made.keyPem('pkcs8'));
      await source.token();
      const assertion = new URLSearchParams(login.requests.at(-1)?.body).get('client_assertion') ?? '';
      await jwtVerify(assertion, createPublicKey(made.key), { algorithms: ['PS256'], clockTolerance: 1 });
      assertions.push(assertion);
      await clock.advance(3_600_000);
    }
    assert.equal(new Set(assertions).size, 2);
  });
});

describe('no other host', () => {
  test('than the configured one is ever connected to or looked up, whatever the environment says', async () => {
    const places = new Set<string>();
    const note = (message: unknown): void => {
      const { socket } = message as { readonly socket: Socket };
      socket.on('lookup', (_error, _address, _family, host) => places.add(host));
      socket.on('connect', () => places.add(`${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`));
      socket.on('connectionAttempt', (address: string, port: number) => places.add(`${address}:${port}`));
    };
    subscribe('net.client.socket', note);
    process.env.MSAL_FORCE_REGION = 'westus';
    const made = makeCertificate();
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-token-'));
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, accessToken());
    const asked: string[] = [];
    try {
      for (const credential of [{ kind: 'secret', secret: SECRET }, { kind: 'certificate', certificate: made.certificate, key: made.keyPem('pkcs8') }, { kind: 'federated', tokenFile }] as const) {
        for (const answer of [issuing, refusing(401, { error: 'invalid_client', error_codes: [7000215] }), refusing(400, { error: 'invalid_instance' })]) {
          const own = createNetwork({}, silentLog);
          const { source, login } = await setUp(answer, { credential });
          asked.push(login.url.host);
          const isolated = createTokenSource({ tenant: { id: 'contoso.com' }, applicationId: APPLICATION, credential, authenticationEndpoint: new URL(`${login.url.href}entra/`), resource: new URL('https://manage.office.com') }, own.request, createManualClock(Date.now()), silentLog);
          await Promise.allSettled([source.token(), isolated.token()]);
          assert.ok(login.requests.some(({ target }) => target.startsWith('/entra/contoso.com/oauth2/v2.0/token')), 'a path before the tenant is kept');
          await own.close();
        }
      }
    } finally {
      unsubscribe('net.client.socket', note);
      delete process.env.MSAL_FORCE_REGION;
      rmSync(folder, { recursive: true });
    }
    assert.ok(places.size > 0);
    assert.deepEqual([...places].filter((place) => !asked.includes(place)), []);
  });
});

describe('a secret', () => {
  test('shows up in no log line and no failure, even when the far side echoes it', async () => {
    const made = makeCertificate();
    const key = made.keyPem('pkcs8', 'open sesame');
    const lines: string[] = [];
    const log = createLog({ level: 'trace', format: 'json', nowMs: Date.now, write: (text) => lines.push(text) });
    const answers: Answer[] = [
      issuing,
      (request, response) => json(response, 400, { error: request.body, error_description: request.body, error_codes: [1], trace_id: request.body, suberror: request.body }),
      (request, response) => response.writeHead(200, { 'content-type': request.body.slice(-60) }).end(request.body),
      (request, response) => json(response, 503, { error: 'server_error', error_description: request.body }),
    ];
    const bodies: string[] = [];
    for (const answer of answers) {
      for (const credential of [{ kind: 'secret', secret: 'CANARY-SECRET' }, { kind: 'certificate', certificate: made.certificate, key, passphrase: 'open sesame' }] as const) {
        const own = createNetwork({}, log);
        const login = await startFarEnd((request, response) => {
          bodies.push(new URLSearchParams(request.body).get('client_assertion') ?? 'CANARY-SECRET');
          return answer(request, response, 1);
        });
        const source = createTokenSource({ tenant: { id: TENANT }, applicationId: APPLICATION, credential, authenticationEndpoint: login.url, resource: new URL('https://manage.office.com') }, own.request, createManualClock(Date.now()), log);
        await source.token().catch((error: unknown) => {
          assert.ok(error instanceof AuditError);
          lines.push(error.message, error.repair, JSON.stringify(error.values), error.stack ?? '');
        });
        await own.close();
        await login.close();
      }
    }
    const said = lines.join('\n');
    assert.match(said, /msal-node says/);
    const secrets = ['CANARY-SECRET', 'open sesame', ...key.split('\n').slice(1, 3), accessToken({ uti: 1 }), ...bodies.map((body) => body.slice(-40))];
    assert.deepEqual(secrets.filter((secret) => said.includes(secret)), []);
  });
});

test('hosts of two Microsoft clouds that do not belong together are warned of', () => {
  const lines: string[] = [];
  for (const [login, api] of [
    ['https://login.microsoftonline.us', 'https://manage.office.com'],
    ['https://login.microsoftonline.com', 'https://manage.office365.us'],
    ['https://login.microsoftonline.com', 'https://manage-gcc.office.com/'],
    ['https://login.windows.net', 'https://manage.office.com'],
    ['https://login.microsoftonline.us', 'https://manage.protection.apps.mil'],
    ['https://login.example', 'https://manage.office.com'],
    ...Object.values(CLOUDS).map(({ login: host, api: root }) => [host, root] as const),
  ] as const) {
    createTokenSource({ tenant: { id: TENANT }, applicationId: APPLICATION, credential: { kind: 'secret', secret: 's' }, authenticationEndpoint: new URL(login), resource: new URL(api) }, network.request, createManualClock(), (line, values) => lines.push(`${line} ${String(values?.login)} ${String(values?.api)}`));
  }
  assert.deepEqual(lines, ['auth.clouds_mixed login.microsoftonline.us manage.office.com', 'auth.clouds_mixed login.microsoftonline.com manage.office365.us']);
});
