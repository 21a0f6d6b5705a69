import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditError } from '../../../../plugin/errors.ts';
import { readForwardAddress } from '../../../../plugin/output/forward/address.ts';

test('An address is read from each of the three schemes; the port is 24224 unless it is named.', () => {
  assert.deepEqual(readForwardAddress('forward://agent'), { kind: 'tcp', host: 'agent', port: 24224 });
  assert.deepEqual(readForwardAddress('forward://127.0.0.1:5170/'), { kind: 'tcp', host: '127.0.0.1', port: 5170 });
  assert.deepEqual(readForwardAddress('forward://[::1]:5170'), { kind: 'tcp', host: '::1', port: 5170 });
  assert.deepEqual(readForwardAddress('forward+tls://agent.example:443'), { kind: 'tls', host: 'agent.example', port: 443 });
  assert.deepEqual(readForwardAddress('forward+unix:///run/the%20agent.sock'), { kind: 'unix', path: '/run/the agent.sock' });
});

const wrong = [
  ['', /is no URL/],
  ['stdin', /is no URL/],
  ['http://127.0.0.1:24224', /"http:" is not known/],
  ['forward://', /names no host/],
  ['forward://agent:99999', /is no URL/],
  ['forward://agent:24224/path', /nothing may follow the port/],
  ['forward://agent?tls=1', /query/],
  ['forward+unix://relative/agent.sock', /three slashes/],
  ['forward+unix:', /three slashes/],
  ['forward+unix:///100%.sock', /percent sign/],
] as const;

for (const [url, reason] of wrong) {
  test(`"${url}" is refused as an output, with what would be right.`, () => {
    assert.throws(() => readForwardAddress(url), (error) => {
      assert.ok(error instanceof AuditError && error.code === 'OUTPUT_URL');
      assert.match(error.message, reason);
      assert.match(error.repair, /forward\+unix:\/\/\/path/);
      return true;
    });
  });
}

test('A password in the URL is refused and not repeated.', () => {
  assert.throws(() => readForwardAddress('forward://user:hunter2@agent:24224'), (error: Error) => !error.message.includes('hunter2') && error.message.includes('do not belong here'));
});
