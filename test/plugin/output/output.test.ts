import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { AuditError } from '../../../plugin/errors.ts';
import { openOutput } from '../../../plugin/output/output.ts';
import { silentLog } from '../../../plugin/telemetry/log.ts';
import { startForwardHost } from '../../support/forward-host.ts';
import { createManualClock, until } from '../../support/manual-clock.ts';

const open = (url: string, more: object = {}) => openOutput({ url, stdout: new PassThrough(), ...more }, silentLog, createManualClock());

test('An output that this program does not have is refused.', () => {
  for (const url of ['', 'stdin', 'http://127.0.0.1:24224']) assert.throws(() => open(url), (error) => error instanceof AuditError && error.code === 'OUTPUT_URL', url);
});

test('A CA file that cannot be read is told at the start.', () => {
  assert.throws(() => open('forward+tls://agent', { caFile: '/nowhere/ca.pem' }), (error) => error instanceof AuditError && error.code === 'OUTPUT_CA_FILE' && error.message.includes('/nowhere/ca.pem'));
});

for (const url of ['forward://127.0.0.1:1', 'forward://[::1]:1', 'forward+tls://127.0.0.1:1', 'forward+unix:///nowhere/with%20space.sock']) {
  test(`"${url}" is an output, and an agent that is not there is no failure.`, async () => {
    const reasons: unknown[] = [];
    const output = openOutput({ url, stdout: new PassThrough() }, (_line, values) => reasons.push(values?.reason), createManualClock());
    await until(() => reasons.length > 0, 'a log line');
    assert.match(String(reasons[0]), url.includes('unix') ? /ENOENT \/nowhere\/with space\.sock/ : /ECONNREFUSED (::1:1|127\.0\.0\.1:1)|EADDRNOTAVAIL/);
    await output.close();
  });
}

test('An open output that has nothing to wait for does not keep the process.', async (t) => {
  const host = await startForwardHost();
  t.after(() => host.close());
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/deliver.js'), host.url, '3', '10'], { stdio: 'ignore' });
  const [status] = await once(child, 'close', { signal: AbortSignal.timeout(60_000) }) as [number];
  assert.equal(status, 0);
  assert.deepEqual([...host.received.keys()], ['0', '1', '2']);
});
