import { strict as assert } from 'node:assert';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { readSecret } from '../../../plugin/auth/secret.ts';
import type { AuditError } from '../../../plugin/errors.ts';
import type { SecretSource } from '../../../plugin/types.ts';
import { failureOf } from '../../support/failures.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-secret-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A program of these lines of shell. */
function program(name: string, lines: string): string {
  const path = file(name, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return path;
}

const refusalOf = (source: SecretSource): Promise<AuditError> => failureOf(readSecret(source, 'client secret'));

describe('a secret', () => {
  const secret = 'a~.+/=&"b%20c $(x) ';
  for (const [what, source] of Object.entries({
    'in the configuration': secret,
    'in a file without a line end': { file: file('bare', secret) },
    'in a file as echo writes it': { file: file('echo', `${secret}\n`) },
    'in a file as Windows writes it': { file: file('windows', `\uFEFF${secret}\r\n`) },
    'that a program prints': { command: [program('prints', 'printf "%s\\n" "$1"'), secret] },
  })) test(`${what} is read as it is`, async () => assert.equal(await readSecret(source, 'client secret'), secret));

  test('in a file is read anew each time', async () => {
    const path = file('rotated', 'old');
    assert.equal(await readSecret({ file: path }, 'client secret'), 'old');
    file('rotated', 'new');
    assert.equal(await readSecret({ file: path }, 'client secret'), 'new');
  });

  test('is asked from a program without a shell, and with nothing on its stdin', async () => {
    assert.equal(await readSecret({ command: [program('words', 'cat; printf "%s" "$2"'), '-', '`id`; echo $HOME'] }, 'client secret'), '`id`; echo $HOME');
  });
});

describe('a secret that cannot be had', () => {
  for (const [why, source, code, reason] of [
    ['because its file is not there', { file: join(folder, 'nowhere') }, 'AUTH_SECRET_UNREADABLE', /client secret in .*nowhere cannot be read: ENOENT/],
    ['because its file is a folder', { file: folder }, 'AUTH_SECRET_UNREADABLE', /EISDIR/],
    ['because its file is empty', { file: file('empty', '\n') }, 'AUTH_SECRET_UNREADABLE', /it is empty/],
    ['because its file has several lines', { file: file('lines', 'canary\ncanary\n') }, 'AUTH_SECRET_UNREADABLE', /it has several lines/],
    ['because its file is no secret at all', { file: file('large', Buffer.alloc(20_000)) }, 'AUTH_SECRET_UNREADABLE', /it has 20000 bytes/],
    ['because there is no such program', { command: [join(folder, 'nowhere'), 'canary'] }, 'AUTH_HELPER', /nowhere, which is to print the client secret, failed: ENOENT/],
    ['because the program fails', { command: [program('fails', 'echo canary; echo canary >&2; exit 3')] }, 'AUTH_HELPER', /it ended with status 3/],
    ['because the program is killed', { command: [program('killed', 'kill -9 $$')] }, 'AUTH_HELPER', /it was ended by SIGKILL/],
    ['because the program prints nothing', { command: [program('silent', ':')] }, 'AUTH_HELPER', /it printed nothing/],
    ['because the program prints several lines', { command: [program('chatty', 'echo canary; echo canary')] }, 'AUTH_HELPER', /it printed several lines/],
    ['because the program prints without end', { command: [program('endless', 'while :; do echo canarycanarycanarycanary; done')] }, 'AUTH_HELPER', /it printed more than 16384 bytes/],
  ] as const) {
    test(`${why} is said so, and nothing of it is repeated`, async () => {
      const error = await refusalOf(source);
      assert.equal(error.code, code);
      assert.match(error.message, reason);
      assert.doesNotMatch(`${error.message}${error.repair}${JSON.stringify(error.values)}${String(error.cause)}`, /canary/);
    });
  }

  test('because the program never ends is given up with whoever wants it', async () => {
    const stop = new AbortController();
    const reading = readSecret({ command: [program('hangs', 'exec sleep 600')] }, 'client secret', stop.signal);
    const reason = new Error('stop');
    setImmediate(() => stop.abort(reason));
    await assert.rejects(reading, reason);
  });
});
