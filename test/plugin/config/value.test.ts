import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytesText, durationText, isDate, isDomain, isGuid, readAddress, readBytes, readDuration, readValue } from '../../../plugin/config/value.ts';

test('a day is one of the calendar', () => {
  for (const [text, is] of [['2027-03-01', true], ['2028-02-29', true], ['2027-02-30', false], ['2027-13-01', false], ['2027-3-1', false], ['01.03.2027', false], ['', false]] as const) assert.equal(isDate(text), is, text);
});

describe('a duration', () => {
  for (const [text, ms] of [['168h', 604_800_000], ['3m', 180_000], ['1h30m', 5_400_000], ['1.5h', 5_400_000], ['500ms', 500], ['1m0.5s', 60_500],
    ['.5s', 500], ['1.s', 1000], ['250us', 0.25], ['250µs', 0.25], ['1ns', 1e-6], ['+2s', 2000], ['0s', 0]] as const) {
    test(`${text} is ${ms} ms, as in Go`, () => assert.equal(readDuration(text), ms));
  }

  test('is seconds where it has no unit, as in Filebeat', () => {
    assert.equal(readDuration('180'), 180_000);
    assert.equal(readDuration('1.5'), 1500);
  });

  for (const text of ['7d', '1w', '3 minutes', '3 m', 'm', '-3m', '', '1h-30m', '1,5h', 'h1', '.s', '1e3s']) {
    test(`"${text}" is none`, () => assert.equal(readDuration(text), undefined));
  }

  for (const [text, repair] of [['7d', '168h'], ['3 minutes', '3m'], ['1 week', '168h'], ['90 sec', '1m30s'], ['1.5 days', '36h']] as const) {
    test(`a mistake proposes ${repair} for "${text}"`, () => {
      const reading = readValue({ type: 'duration' }, text);
      assert.ok('repair' in reading);
      assert.match(reading.repair, new RegExp(`^Write ${repair} `));
    });
  }

  test('is printed in a form that reads back as the same', () => {
    for (const ms of [0, 1, 500, 1500, 60_000, 60_500, 90_000, 5_400_000, 604_800_000]) assert.equal(readDuration(durationText(ms)), ms);
    assert.deepEqual([0, 180_000, 5_400_000, 604_800_000].map(durationText), ['0s', '3m', '1h30m', '168h']);
  });
});

describe('a size', () => {
  for (const [text, bytes] of [['1048576', 1_048_576], ['1MiB', 1_048_576], ['1.5 GiB', 1_610_612_736], ['512KiB', 524_288], ['1MB', 1_000_000], ['7B', 7]] as const) {
    test(`${text} is ${bytes} bytes`, () => assert.equal(readBytes(text), bytes));
  }

  for (const text of ['1M', '-1', '1.5B', 'MiB', '', '1 TiB']) test(`"${text}" is none`, () => assert.equal(readBytes(text), undefined));

  test('is printed in a form that reads back as the same', () => {
    for (const bytes of [0, 1, 1500, 4096, 1_048_576, 3_221_225_472]) assert.equal(readBytes(bytesText(bytes)), bytes);
  });
});

describe('a value with limits', () => {
  test('may be as small and as large as they say, and no more', () => {
    const rules = { type: 'duration', minimum: '1s', maximum: '24h' } as const;
    assert.deepEqual(readValue(rules, '1s'), { value: 1000 });
    assert.deepEqual(readValue(rules, '24h'), { value: 86_400_000 });
    assert.deepEqual(readValue(rules, '999ms'), { expected: 'at least 1s', repair: 'Write 1s or more.' });
    assert.deepEqual(readValue(rules, '25h'), { expected: 'at most 24h', repair: 'Write 24h or less.' });
  });

  test('counts are whole and never negative', () => {
    assert.deepEqual(readValue({ type: 'count' }, '12'), { value: 12 });
    for (const text of ['-1', '1.5', '1e3', '0x10', 'many', '99999999999999999999']) assert.ok('expected' in readValue({ type: 'count' }, text), text);
  });
});

test('switches understand what YAML, Go and people write', () => {
  for (const text of ['true', 'True', 't', 'yes', 'on', 'ON', '1', 'y']) assert.deepEqual(readValue({ type: 'boolean' }, text), { value: true });
  for (const text of ['false', 'F', 'no', 'off', '0', 'n']) assert.deepEqual(readValue({ type: 'boolean' }, text), { value: false });
  assert.deepEqual(readValue({ type: 'boolean' }, 'maybe'), { expected: 'true or false', repair: 'Write true or false.' });
});

test('a choice is found whatever its case, and a slip gets the nearest one', () => {
  const rules = { type: 'choice', choices: ['raw', 'ecs'] } as const;
  assert.deepEqual(readValue(rules, 'ECS'), { value: 'ecs' });
  assert.deepEqual(readValue(rules, 'esc'), { expected: 'one of raw, ecs', repair: 'Write ecs.' });
  assert.deepEqual(readValue(rules, 'xml'), { expected: 'one of raw, ecs', repair: 'Write raw or ecs.' });
});

test('tenants are GUIDs or domains', () => {
  assert.ok(isGuid('00000000-0000-4000-8000-00000000B001'));
  assert.ok(!isGuid('00000000-0000-4000-8000-00000000b00'));
  assert.ok(!isGuid('{00000000-0000-4000-8000-00000000b001}'));
  for (const text of ['contoso.onmicrosoft.com', 'a-b.example', 'xn--bcher-kva.example', '365.example.com']) assert.ok(isDomain(text), text);
  for (const text of ['contoso', 'contoso..com', '-a.com', 'a.com/', 'a b.com', '10.0.0.1', 'a.com.', `${'a'.repeat(64)}.com`, '']) assert.ok(!isDomain(text), text);
});

describe('a web address', () => {
  const hrefOf = (text: string): string | undefined => {
    const reading = readAddress(text);
    return 'url' in reading ? reading.url.href : undefined;
  };

  test('means https where it names no scheme, and ends in a slash', () => {
    assert.equal(hrefOf('manage.office365.us'), 'https://manage.office365.us/');
    assert.equal(hrefOf('https://login.microsoftonline.us'), 'https://login.microsoftonline.us/');
    assert.equal(hrefOf('https://login.microsoftonline.us/'), 'https://login.microsoftonline.us/');
    assert.equal(hrefOf('gateway.example:8443/o365'), 'https://gateway.example:8443/o365/');
  });

  test('may be plain http on this machine only', () => {
    for (const host of ['127.0.0.1:8080', '127.8.9.10', 'localhost:1', '[::1]:8080']) assert.ok(hrefOf(`http://${host}`), host);
    for (const host of ['manage.office.com', '10.0.0.1', 'localhost.example', '128.0.0.1', '[::2]', '127.0.0.1.example']) assert.equal(hrefOf(`http://${host}`), undefined, host);
    assert.equal(hrefOf('ftp://localhost'), undefined);
  });

  test('has no user, no query, no fragment, and its mistake repeats no password', () => {
    const withPassword = readAddress('https://user:canary@login.example');
    assert.ok('found' in withPassword);
    assert.doesNotMatch(JSON.stringify(withPassword), /canary/);
    assert.equal(hrefOf('https://login.example/?a=b'), undefined);
    assert.equal(hrefOf('https://login.example/#a'), undefined);
    assert.equal(hrefOf('https://'), undefined);
    assert.equal(hrefOf('not a host'), undefined);
  });
});
