import { strict as assert } from 'node:assert';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { AuditError } from '../../../plugin/errors.ts';
import { openHttpTrace } from '../../../plugin/network/http-trace.ts';
import { openNetwork } from '../../../plugin/network/network.ts';
import { silentLog } from '../../../plugin/telemetry/log.ts';
import { startFarEnd } from '../../support/far-end.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { realClock } from '../../support/simulation.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-trace-'));
after(() => rmSync(folder, { recursive: true }));

describe('the trace of requests', () => {
  test('says what was sent and answered, and hides what is not known to be harmless', async () => {
    const file = join(folder, 'trace.ndjson');
    const server = await startFarEnd(({ headers, body }, response) => response.writeHead(401, {
      'content-type': 'application/json', date: 'Tue, 08 Sep 2026 12:00:00 GMT', 'retry-after': '7', 'x-odd': 'canary-odd', location: `https://elsewhere.example/?${headers.authorization ?? body}`,
    }).end('canary-body'));
    const network = await openNetwork({ traceHttp: file }, { env: {}, version: '1', clock: realClock }, silentLog);
    const url = (path: string): URL => new URL(path, server.url);
    await (await network.request(url('/t/oauth2/v2.0/token'), {
      method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded;charset=utf-8' }, body: 'grant_type=client_credentials&client_secret=canary-secret&client_assertion=canary-assertion',
    })).dump();
    await (await network.request(url('/api/v1.0/t/activity/feed/x?contentType=DLP.All&nextPage=2&sig=canary-signature'), { headers: { authorization: 'Bearer canary-token', cookie: 'canary-cookie' } })).dump();
    await server.close();
    await assert.rejects(network.request(url('/gone')));
    await network.close();
    const text = readFileSync(file, 'utf8');
    assert.doesNotMatch(text, /canary/);
    const [token, call, gone] = text.trimEnd().split('\n').map((line) => JSON.parse(line) as { request: Record<string, unknown>; answer?: { status: number; headers: unknown }; failed?: string });
    assert.deepEqual(token?.request.form, { grant_type: 'client_credentials', client_secret: '<hidden>', client_assertion: '<hidden>' });
    assert.deepEqual(call?.request.query, { contentType: 'DLP.All', nextPage: '2', sig: '<hidden>' });
    assert.deepEqual(call.request.headers, { 'user-agent': 'o365audit/1', authorization: '<hidden>', cookie: '<hidden>' });
    assert.equal(call.answer?.status, 401);
    const { 'retry-after': retryAfter, location, 'x-odd': odd } = call.answer.headers as Record<string, string>;
    assert.deepEqual([retryAfter, location, odd], ['7', '<hidden>', '<hidden>']);
    assert.match(gone?.failed ?? '', /ECONNREFUSED/);
  });

  test('belongs to this user alone, even where the file was there before', () => {
    const file = join(folder, 'open.ndjson');
    writeFileSync(file, 'old', { mode: 0o644 });
    chmodSync(file, 0o644);
    openHttpTrace(file, realClock, silentLog).close();
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(readFileSync(file, 'utf8'), '');
  });

  test('ends at its limit, with a line in the log', () => {
    const file = join(folder, 'full.ndjson');
    const lines: string[] = [];
    const trace = openHttpTrace(file, createManualClock(), (line) => lines.push(line), 1000);
    for (let count = 0; count < 50; count += 1) trace.note({ method: 'GET', url: new URL('https://a.example/'), headers: {}, body: undefined }, { status: 200, headers: {}, ms: 1 });
    trace.close();
    const text = readFileSync(file, 'utf8');
    assert.ok(text.length > 500 && text.length <= 1000);
    for (const line of text.trimEnd().split('\n')) JSON.parse(line);
    assert.deepEqual(lines, ['network.trace_full']);
  });

  test('needs a file that can be written', () => {
    assert.throws(() => openHttpTrace(folder, realClock, silentLog), (error: unknown) => error instanceof AuditError && error.code === 'NETWORK_TRACE_FILE');
  });
});
