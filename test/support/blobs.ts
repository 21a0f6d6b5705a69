/** Content blobs for tests: the same number gives the same blob. */
import type { ContentBlob } from '../../plugin/types.ts';

export const FIRST_BLOB_MS = Date.UTC(2026, 8, 1);

/** Blob `number` became available `number` seconds after the first of September 2026, and lives seven days. */
export function testBlob(number: number, changes: Partial<ContentBlob> = {}): ContentBlob {
  const contentId = `20260901081530123${String(number).padStart(6, '0')}$20260901081755901000012$audit_general$Audit_General$emea0042`;
  return {
    contentId,
    contentUri: `https://manage.office.com/api/v1.0/7d1c0f5e-2f0a-4a57-9d0a-3a1b5d7e9c11/activity/feed/audit/${contentId}`,
    contentType: 'Audit.General',
    contentCreated: new Date(FIRST_BLOB_MS + number * 1000).toISOString(),
    contentExpiration: new Date(FIRST_BLOB_MS + number * 1000 + 7 * 86_400_000).toISOString(),
    ...changes,
  };
}
