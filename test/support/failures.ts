/** What a promise fails with. Anything but a failure of the table fails the test. */
import assert from 'node:assert/strict';
import { AuditError, type FailureCode } from '../../plugin/errors.ts';

/** For assert.rejects and assert.throws: a failure with this code. */
export function isFailure(code: FailureCode): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof AuditError && thrown.code === code;
}

/** The failure; that there is none fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<AuditError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof AuditError, String(error));
    return error;
  }
  return assert.fail('nothing was thrown');
}

/** The code of what it fails with, or that it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof AuditError, String(error));
    return error.code;
  }
  return 'nothing was thrown';
}
