import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '../../../plugin/config/config.ts';
import { printConfig } from '../../../plugin/config/print.ts';

const certificate = '-----BEGIN CERTIFICATE-----canary-----END CERTIFICATE-----';
const text = `
- module: o365
  audit:
    var.application_id: 00000000-0000-4000-8000-00000000a001
    var.tenants: [{id: contoso.com, name: "Contoso # 1"}, {id: fabrikam.com}]
    var.client_secret: canary1
    var.content_type: [DLP.All]
    var.api: {poll_interval: 1h30m, max_requests_per_minute: 60, adjust_clock: no}
    input.fields: {labels: {team: soc}, n: 1}
- module: o365
  audit:
    var.application_id: 00000000-0000-4000-8000-00000000a001
    var.tenants: [{id: adatum.com}]
    var.certificate: "${certificate}"
    var.key: /etc/key.pem
    var.key_passphrase: canary2
- module: o365
  audit: {var.input: file, var.paths: ["/var/log/*.ndjson"]}
- collector:
    output: forward+tls://fluent.example:24284
    forward_shared_key: canary3
    frame_size: 512KiB
    ack_timeout: 90s
`;

describe('the printed configuration', () => {
  const config = loadConfig({ text, flags: { config: '/etc/o365.yml', format: 'ecs' }, env: { O365AUDIT_NAMESPACE: 'prod' } });
  const printed = printConfig(config);

  test('holds no secret', () => {
    assert.doesNotMatch(printed, /canary/);
    assert.equal(printed.match(/<hidden>/g)?.length, 4);
  });

  test('says of every value where it comes from', () => {
    for (const line of [
      'var.api.poll_interval: 1h30m # /etc/o365.yml:8:15', 'var.api.max_query_size: 24h # default', 'frame_size: 512KiB # /etc/o365.yml:22:5', 'format: ecs # command line',
      'namespace: prod # environment', 'bytes_in_flight: 32MiB # default', 'var.client_secret: <hidden> # /etc/o365.yml:6:5', 'var.tenants: [{id: contoso.com, name: "Contoso # 1"}, {id: fabrikam.com}] # /etc/o365.yml:5:5',
    ]) assert.ok(printed.includes(`  ${line}\n`), `${line}\n${printed}`);
  });

  test('can be read again and is then the same configuration', () => {
    let secret = 0;
    const secrets = ['canary1', JSON.stringify(certificate), 'canary2', 'canary3'];
    const again = loadConfig({ text: printed.replace(/<hidden>/g, () => secrets[secret++] ?? ''), flags: { config: '/etc/o365.yml' }, env: {} });
    assert.deepEqual(again.sources.map((source) => ({ ...source, name: '' })), config.sources.map((source) => ({ ...source, name: '' })));
    const { stateDir, frameBytes, ackTimeoutMs, output, format, namespace, forwardSharedKey } = again.collector;
    assert.deepEqual({ ...config.collector, config: again.collector }, { ...config.collector, config: again.collector, stateDir, frameBytes, ackTimeoutMs, output, format, namespace, forwardSharedKey });
  });
});
