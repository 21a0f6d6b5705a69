import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { classify, consequenceOf, type ApiFailure, type Consequence, type Operation, type Step } from '../../../plugin/api/classifier.ts';
import { readRefusal, type Refusal } from '../../../plugin/api/refusal.ts';
import { AuditError, FAILURES, failure } from '../../../plugin/errors.ts';
import type { HttpResponse } from '../../../plugin/types.ts';

/** An answer as the network room gives it, without a network. */
function answer(status: number, body: string, cutOff = false): HttpResponse {
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    // One byte at a time, so that no reader can rely on whole bodies.
    for (const byte of Buffer.from(body)) {
      await Promise.resolve();
      yield Uint8Array.of(byte);
    }
    if (cutOff) throw new Error('cut off');
  }
  return { status, headers: {}, body: pieces(), text: () => assert.fail('not used'), dump: () => assert.fail('not used') };
}

async function refusalOf(status: number, body: string, cutOff = false): Promise<Refusal> {
  return readRefusal(answer(status, body, cutOff));
}

const FORMS: Readonly<Record<string, (code: string, message: string) => string>> = {
  'JSON': (code, message) => JSON.stringify({ error: { code, message } }),
  'JSON with a byte order mark and blanks': (code, message) => `\u{feff} \r\n${JSON.stringify({ error: { code, message } }, null, 2)}`,
  'single quotes': (code, message) => `{'error':{'code':'${code}','message':'${message}'}}`,
  'a page of HTML': (code, message) => `<html><head><style>p{}</style></head><body><h2>${code}</h2><p>${message}</p></body></html>`,
  'ASP.NET\'s own JSON': (code, message) => JSON.stringify({ Message: `${code}: ${message}` }),
  'JSON cut off': (code, message) => JSON.stringify({ error: { code, message } }).slice(0, -3),
};

describe('a refusal is read', () => {
  for (const [form, write] of Object.entries(FORMS)) {
    test(`out of ${form}`, async () => {
      const { code, text, status } = await refusalOf(400, write('AF20055', 'Start time and end time must both be specified. StartTime:2026-08-01T00:00:00'));
      assert.equal(code, 'AF20055');
      assert.equal(status, 400);
      assert.match(text, /AF20055.*Start time and end time must both be specified\. StartTime:2026-08-01T00:00:00/);
      assert.ok(!text.includes('<'));
    });
  }

  test('from what came before the connection broke', async () => {
    assert.equal((await refusalOf(400, '{"error":{"code":"AF20022","mess', true)).code, 'AF20022');
  });

  test('out of nothing, garbage and endless pages', async () => {
    assert.deepEqual(await refusalOf(401, ''), { status: 401, code: undefined, text: '' });
    assert.deepEqual(await refusalOf(500, 'null'), { status: 500, code: undefined, text: 'null' });
    assert.deepEqual(await refusalOf(500, '[]'), { status: 500, code: undefined, text: '[]' });
    const long = await refusalOf(502, `<html>${'very '.repeat(10_000)}long AF50000</html>`);
    assert.equal(long.code, undefined);
    assert.ok(long.text.length <= 241);
  });

  test('with codes of other services kept as words only', async () => {
    const { code, text } = await refusalOf(401, '{"error":{"code":"InvalidAuthenticationToken","message":"Access token validation failure. Invalid audience."}}');
    assert.equal(code, undefined);
    assert.equal(text, 'InvalidAuthenticationToken: Access token validation failure. Invalid audience.');
  });

  test('without tokens that a proxy echoes', async () => {
    const token = 'eyJhbGciOiJub25lIn0.eyJ0aWQiOiJ4In0.c2lnbmF0dXJl';
    assert.equal((await refusalOf(500, `<pre>Authorization: Bearer ${token}</pre>`)).text, 'Authorization: Bearer <token>');
  });
});

describe('an error of the service', () => {
  const rows: readonly (readonly [code: string, status: number, operation: Operation, step: Step, failure: ApiFailure])[] = [
    ['AF10001', 401, 'list', 'renew', 'API_PERMISSION'],
    ['AF10001', 403, 'blob', 'renew', 'API_PERMISSION'],
    ['AF20001', 400, 'list', 'fail', 'API_REFUSED'],
    ['AF20002', 400, 'list', 'fail', 'API_REFUSED'],
    ['AF20003', 400, 'start', 'fail', 'API_REFUSED'],
    ['AF20010', 400, 'list', 'fail', 'API_TENANT'],
    ['AF20011', 400, 'list', 'fail', 'API_TENANT'],
    ['AF20012', 400, 'list', 'fail', 'API_TENANT'],
    ['AF20013', 400, 'list', 'fail', 'API_TENANT'],
    ['AF20020', 400, 'start', 'fail', 'API_CONTENT_TYPE'],
    ['AF20020', 403, 'list', 'fail', 'API_CONTENT_TYPE'],
    ['AF20021', 400, 'start', 'fail', 'API_REFUSED'],
    ['AF20022', 400, 'list', 'fail', 'API_SUBSCRIPTION'],
    ['AF20022', 500, 'list', 'fail', 'API_SUBSCRIPTION'],
    ['AF20023', 400, 'list', 'fail', 'API_SUBSCRIPTION'],
    ['AF20024', 400, 'start', 'accept', 'API_REFUSED'],
    ['AF20030', 400, 'list', 'fail', 'API_WINDOW'],
    ['AF20055', 400, 'list', 'fail', 'API_WINDOW'],
    ['AF20031', 400, 'list', 'fail', 'API_PAGE'],
    ['AF20050', 404, 'blob', 'repeat', 'API_BLOB_UNKNOWN'],
    ['AF20050', 400, 'blob', 'repeat', 'API_BLOB_UNKNOWN'],
    ['AF20051', 400, 'blob', 'fail', 'API_BLOB_EXPIRED'],
    ['AF20052', 400, 'blob', 'relink', 'API_BLOB_UNKNOWN'],
    ['AF20053', 400, 'list', 'fail', 'API_REFUSED'],
    ['AF20054', 400, 'list', 'fail', 'API_REFUSED'],
    ['AF429', 403, 'blob', 'pause', 'API_THROTTLED'],
    ['AF429', 429, 'list', 'pause', 'API_THROTTLED'],
    ['AF429', 403, 'start', 'fail', 'API_START_LIMIT'],
    ['AF50000', 500, 'list', 'repeat', 'API_UNAVAILABLE'],
    ['AF50000', 200, 'list', 'repeat', 'API_UNAVAILABLE'],
    ['AF50005', 500, 'blob', 'repeat', 'API_UNAVAILABLE'],
    ['AF50006', 503, 'blob', 'repeat', 'API_UNAVAILABLE'],
    ['AF51234', 400, 'blob', 'repeat', 'API_UNAVAILABLE'],
    ['AF20999', 400, 'list', 'fail', 'API_REFUSED'],
    ['AF20999', 500, 'list', 'repeat', 'API_UNAVAILABLE'],
  ];
  for (const [code, status, operation, step, expected] of rows) {
    test(`${code} with status ${status} on ${operation} means ${step}, else ${expected}`, async () => {
      for (const [form, write] of Object.entries(FORMS)) {
        const verdict = classify(operation, await refusalOf(status, write(code, 'Some words of the service.')));
        assert.deepEqual([verdict.step, verdict.failure], [step, expected], form);
      }
    });
  }

  const withoutCode: readonly (readonly [status: number, body: string, operation: Operation, step: Step, failure: ApiFailure])[] = [
    [401, '', 'list', 'renew', 'API_UNAUTHORIZED'],
    [401, '{"Message":"Authorization has been denied for this request."}', 'blob', 'renew', 'API_UNAUTHORIZED'],
    [403, '', 'list', 'repeat', 'API_FORBIDDEN'],
    [403, '{\'error\':{\'message\':\'Too many requests. Method=GetBlob\'}}', 'blob', 'pause', 'API_THROTTLED'],
    [429, '', 'list', 'pause', 'API_THROTTLED'],
    [429, '<h1>TOO MANY REQUESTS</h1>', 'start', 'fail', 'API_START_LIMIT'],
    [404, '{"Message":"No HTTP resource was found that matches the request URI \'x\'."}', 'list', 'fail', 'API_REFUSED'],
    [404, '', 'blob', 'repeat', 'API_BLOB_UNKNOWN'],
    [410, '', 'blob', 'repeat', 'API_BLOB_UNKNOWN'],
    [408, '', 'list', 'repeat', 'API_UNAVAILABLE'],
    [411, '<h2>Length Required</h2>', 'start', 'fail', 'API_REFUSED'],
    [413, '', 'list', 'fail', 'API_PAGE'],
    [414, '', 'list', 'fail', 'API_PAGE'],
    [414, '', 'blob', 'fail', 'API_REFUSED'],
    [418, '', 'list', 'fail', 'API_REFUSED'],
    [302, '', 'list', 'repeat', 'API_UNAVAILABLE'],
    [500, '', 'list', 'repeat', 'API_UNAVAILABLE'],
    [502, '<html>Bad Gateway</html>', 'blob', 'repeat', 'API_UNAVAILABLE'],
    [503, '<html>Service Unavailable</html>', 'list', 'repeat', 'API_UNAVAILABLE'],
    [504, '', 'list', 'repeat', 'API_UNAVAILABLE'],
  ];
  for (const [status, body, operation, step, expected] of withoutCode) {
    test(`without a code, status ${status} and ${body === '' ? 'no body' : body.slice(0, 30)} on ${operation} means ${step}, else ${expected}`, async () => {
      const verdict = classify(operation, await refusalOf(status, body));
      assert.deepEqual([verdict.step, verdict.failure], [step, expected]);
      assert.ok(verdict.attempts >= 1 && verdict.attempts <= 8);
    });
  }
});

describe('a failure means for whoever asked', () => {
  const meanings: Readonly<Record<ApiFailure, Consequence>> = {
    API_SUBSCRIPTION: 'subscribe',
    API_WINDOW: 'retime',
    API_PAGE: 'retime',
    API_LINK: 'later',
    API_BLOB_EXPIRED: 'skip',
    API_BLOB_UNKNOWN: 'skip',
    API_PERMISSION: 'degrade',
    API_CONTENT_TYPE: 'degrade',
    API_REFUSED: 'degrade',
    API_FORBIDDEN: 'degrade',
    API_TENANT: 'halt',
    API_UNAUTHORIZED: 'halt',
    API_START_LIMIT: 'later',
    API_THROTTLED: 'later',
    API_UNAVAILABLE: 'later',
    API_UNREADABLE: 'later',
  };
  for (const [code, meaning] of Object.entries(meanings) as [ApiFailure, Consequence][]) {
    test(`${code}: ${meaning}`, () => {
      assert.equal(consequenceOf(new AuditError(code, {})), meaning);
      const { retry } = FAILURES[code];
      assert.equal(retry, meaning === 'skip' ? 'skip' : meaning === 'degrade' || meaning === 'halt' ? 'never' : 'later', 'the table of failures says the same');
    });
  }

  test('nothing is left out, and failures of tokens and network concern the tenant', () => {
    assert.deepEqual(Object.keys(FAILURES).filter((code) => code.startsWith('API_')).sort(), Object.keys(meanings).sort());
    assert.equal(consequenceOf(failure('AUTH_REFUSED', { tenant: 't', meaning: 'm', name: 'n', repair: 'r' })), 'halt');
    assert.equal(consequenceOf(failure('NETWORK_BROKEN', { host: 'h', reason: 'r' })), 'later');
    assert.equal(consequenceOf(new Error('stop')), undefined);
  });
});
