import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMoment } from '../../../plugin/config/moment.ts';

const NOW_MS = Date.UTC(2026, 8, 10, 12);
const MOMENTS: Readonly<Record<string, string | undefined>> = {
  '36h': '2026-09-09T00:00:00.000Z',
  '1h30m': '2026-09-10T10:30:00.000Z',
  '0s': '2026-09-10T12:00:00.000Z',
  '2026-09-01': '2026-09-01T00:00:00.000Z',
  '2026-09-01T08:15:30Z': '2026-09-01T08:15:30.000Z',
  '2026-09-01t08:15:30.5z': '2026-09-01T08:15:30.500Z',
  '2026-09-01 08:15:30+02:00': '2026-09-01T06:15:30.000Z',
  // without a zone it would be this machine's time in one program and UTC in another
  '2026-09-01T08:15:30': undefined,
  '2026-13-01': undefined,
  'yesterday': undefined,
  '-3h': undefined,
  '': undefined,
};

describe('a moment', () => {
  for (const [text, moment] of Object.entries(MOMENTS)) {
    test(`"${text}" is ${moment ?? 'none'}`, () => {
      const ms = readMoment(text, NOW_MS);
      assert.equal(ms === undefined ? undefined : new Date(ms).toISOString(), moment);
    });
  }
});
