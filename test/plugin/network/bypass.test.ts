import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { readBypass } from '../../../plugin/network/bypass.ts';

describe('a list of hosts without a proxy', () => {
  for (const [list, inside, outside] of [
    ['example.com', ['https://example.com/', 'https://EXAMPLE.com:8443/', 'https://a.b.example.com/'], ['https://myexample.com/', 'https://example.com.evil.net/']],
    ['.example.com', ['https://a.example.com/'], ['https://example.com/', 'https://aexample.com/']],
    ['*.example.com', ['https://a.example.com/'], ['https://example.com/']],
    ['example.com.', ['https://example.com/', 'https://example.com./'], ['https://example.org/']],
    ['example.com:8443', ['https://example.com:8443/', 'https://a.example.com:8443/'], ['https://example.com/']],
    ['example.com:443', ['https://example.com/'], ['http://example.com/', 'https://example.com:444/']],
    ['10.0.0.0/8', ['https://10.255.0.1/'], ['https://11.0.0.1/', 'https://10.example/']],
    ['192.0.2.7', ['https://192.0.2.7/', 'https://192.0.2.7:8443/'], ['https://192.0.2.70/']],
    ['192.0.2.7:8443', ['https://192.0.2.7:8443/'], ['https://192.0.2.7/']],
    ['2001:db8::/32', ['https://[2001:db8::1]/'], ['https://[2001:db9::1]/', 'https://192.0.2.7/']],
    ['2001:db8::1', ['https://[2001:db8:0:0::1]/'], ['https://[2001:db8::2]/']],
    ['[2001:db8::1]:8443', ['https://[2001:db8::1]:8443/'], ['https://[2001:db8::1]/']],
    ['a.example, b.example\tc.example,,', ['https://a.example/', 'https://b.example/', 'https://c.example/'], ['https://d.example/']],
    ['*', ['https://anything.example/', 'https://192.0.2.1/'], []],
    ['10.0.0.0/99,10.0.0.0/x,/8,:', [], ['https://10.0.0.1/', 'https://example.com/']],
    ['', [], ['https://example.com/']],
  ] as const) {
    test(`that reads "${list}"`, () => {
      const bypass = readBypass(list);
      assert.deepEqual(inside.filter((url) => !bypass(new URL(url))), []);
      assert.deepEqual(outside.filter((url) => bypass(new URL(url))), []);
    });
  }

  test('has this machine on it, whatever it says', () => {
    const bypass = readBypass('');
    for (const url of ['http://localhost:8365/', 'http://127.0.0.1:8365/', 'http://127.9.9.9/', 'http://[::1]:8365/', 'http://simulator.localhost/']) assert.ok(bypass(new URL(url)), url);
    assert.ok(!bypass(new URL('https://127.0.0.1.example/')));
  });
});
