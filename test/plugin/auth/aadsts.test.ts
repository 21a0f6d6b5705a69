import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AADSTS, readRefusal, refusesProof, type TokenRefusal } from '../../../plugin/auth/aadsts.ts';

type Course = TokenRefusal['course'];

/** What the operator is told to look at. */
const LOOK_AT = {
  secret: /new client secret/, application: /application_id and the tenant/, tenant: /id or domain.*login host/, certificate: /[Uu]pload the certificate/, clock: /clock right/,
  federation: /federated credentials/, resource: /api\.resource/, consent: /administrator consent/, policy: /Conditional Access/, us: /Report this/, nothing: /Nothing: it is tried again/,
};

/** As Entra answers: https://learn.microsoft.com/entra/identity-platform/reference-error-codes; of some only the number is documented. */
const ROWS: readonly (readonly [number: number, error: string, status: number, course: Course, lookAt: keyof typeof LOOK_AT])[] = [
  [7000215, 'invalid_client', 401, 'stays', 'secret'],
  [7000222, 'invalid_client', 401, 'stays', 'secret'],
  [7000218, 'invalid_client', 401, 'stays', 'us'],
  [700016, 'unauthorized_client', 400, 'stays', 'application'],
  [7000112, 'unauthorized_client', 400, 'stays', 'application'],
  [70001, 'unauthorized_client', 400, 'stays', 'application'],
  [7000229, 'unauthorized_client', 400, 'stays', 'application'],
  [90002, 'invalid_request', 400, 'stays', 'tenant'],
  [900023, 'invalid_request', 400, 'stays', 'tenant'],
  [90038, 'invalid_request', 400, 'stays', 'tenant'],
  [900382, 'invalid_request', 400, 'stays', 'tenant'],
  [900432, 'invalid_request', 400, 'stays', 'tenant'],
  [9001023, 'invalid_request', 400, 'stays', 'tenant'],
  [50194, 'invalid_request', 400, 'stays', 'tenant'],
  [700027, 'invalid_client', 401, 'stays', 'certificate'],
  [700030, 'invalid_client', 401, 'stays', 'certificate'],
  [700024, 'invalid_client', 401, 'stays', 'clock'],
  [700021, 'invalid_client', 401, 'stays', 'us'],
  [700023, 'invalid_client', 401, 'stays', 'tenant'],
  [50027, 'invalid_request', 400, 'stays', 'us'],
  [70021, 'invalid_request', 400, 'stays', 'federation'],
  [700211, 'invalid_client', 401, 'stays', 'federation'],
  [700212, 'invalid_client', 401, 'stays', 'federation'],
  [700213, 'invalid_client', 401, 'stays', 'federation'],
  [500011, 'invalid_resource', 400, 'stays', 'resource'],
  [70011, 'invalid_scope', 400, 'stays', 'resource'],
  [700022, 'invalid_scope', 400, 'stays', 'resource'],
  [1002012, 'invalid_scope', 400, 'stays', 'resource'],
  [901002, 'invalid_request', 400, 'stays', 'us'],
  [900144, 'invalid_request', 400, 'stays', 'us'],
  [53003, 'access_denied', 400, 'stays', 'policy'],
  [530032, 'access_denied', 400, 'stays', 'policy'],
  [530035, 'access_denied', 400, 'stays', 'policy'],
  [65001, 'invalid_grant', 400, 'stays', 'consent'],
  [650052, 'invalid_client', 400, 'stays', 'resource'],
  [650057, 'invalid_resource', 400, 'stays', 'consent'],
  [50196, 'invalid_grant', 400, 'patience', 'nothing'],
  [90055, 'temporarily_unavailable', 429, 'patience', 'nothing'],
  [90006, 'server_error', 500, 'passes', 'nothing'],
  [90012, 'server_error', 504, 'passes', 'nothing'],
  [90024, 'temporarily_unavailable', 503, 'passes', 'nothing'],
  [90033, 'temporarily_unavailable', 503, 'passes', 'nothing'],
  [90090, 'server_error', 500, 'passes', 'nothing'],
];

describe('a refusal of the token endpoint', () => {
  for (const [number, error, status, course, lookAt] of ROWS) {
    test(`AADSTS${number} with ${error} and HTTP ${status} ${course === 'stays' ? 'stays' : `passes${course === 'patience' ? ', with patience' : ''}`}, and sends the operator to ${lookAt}`, () => {
      const refusal = readRefusal(status, { error, error_description: `AADSTS${number}: words.\r\nTrace ID: 1`, error_codes: [number], error_uri: `https://login.microsoftonline.com/error?code=${number}` });
      assert.deepEqual([refusal.course, refusal.name], [course, `${error}, AADSTS${number}, HTTP ${status}`]);
      assert.match(refusal.repair, LOOK_AT[lookAt]);
    });
  }

  test('of every number that is known has a row above', () => {
    assert.deepEqual(ROWS.map(([number]) => String(number)).sort(), Object.keys(AADSTS).sort());
  });

  for (const [error, status, course, repair] of [
    ['invalid_client', 401, 'stays', LOOK_AT.secret], ['unauthorized_client', 400, 'stays', LOOK_AT.application], ['invalid_scope', 400, 'stays', LOOK_AT.resource],
    ['invalid_resource', 400, 'stays', LOOK_AT.resource], ['invalid_request', 400, 'stays', /Look the number up/], ['interaction_required', 400, 'stays', /Look the number up/],
    ['temporarily_unavailable', 400, 'passes', LOOK_AT.nothing], ['server_error', 400, 'passes', LOOK_AT.nothing], ['anything', 429, 'passes', LOOK_AT.nothing],
    ['anything', 500, 'passes', LOOK_AT.nothing], ['anything', 502, 'passes', LOOK_AT.nothing], ['anything', 503, 'passes', LOOK_AT.nothing], ['anything', 504, 'passes', LOOK_AT.nothing],
  ] as const) {
    test(`of an unknown number goes by error and status: ${error} with HTTP ${status} ${course}`, () => {
      const refusal = readRefusal(status, { error, error_codes: [987654] });
      assert.deepEqual([refusal.course, refusal.name], [course, `${error}, AADSTS987654, HTTP ${status}`]);
      assert.match(refusal.repair, repair);
    });
  }

  test('is of the proof, so that another certificate may do, only where Entra says invalid_client', () => {
    assert.deepEqual(ROWS.filter(([, error]) => refusesProof({ error })).map(([number]) => number), ROWS.filter(([, error]) => error === 'invalid_client').map(([number]) => number));
    assert.equal(refusesProof({}), false);
  });

  test('repeats nothing of an error that is no plain name: it may echo the request', () => {
    assert.equal(readRefusal(400, { error: 'client_secret=a~b.c' }).name, 'no error name, HTTP 400');
  });
});
